//! A process 1 that ends by a fault, which even process 1 does not survive.
int main(void)
{
	*(volatile int *)8 = 1;
	return 0;
}
