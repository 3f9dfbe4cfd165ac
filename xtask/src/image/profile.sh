# Read by each login shell.
export PATH=/bin:/usr/bin:/sbin:/usr/sbin
export PS1='\h:\w\$ '
