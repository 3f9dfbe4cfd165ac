//! Builds what a guest boots from: archives for its first file system ([`archive`]), the default one
//! ([`initramfs`]) and a bootable CD image ([`iso`]).
pub mod archive;
pub mod initramfs;
pub mod iso;
