//! Fills the section `.ksyms` of a linked kernel with the names of its functions, for backtraces.
//!
//! The layout, all numbers little-endian `u32`: magic, count, length of the strings, zero; then `count`
//! pairs of (address minus the kernel's base, offset of the name), by address; then the names, each ended by NUL.
use anyhow::{Context, Result, bail};
use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::collections::BTreeMap;
use std::ops::Range;

/// Where the kernel's half of the top 2 GiB begins.
const BASE: u64 = 0xffff_ffff_8000_0000;
/// "KSYM".
const MAGIC: u32 = 0x4d59_534b;

/// Fills in the table. The inner error says why a kernel has to do without one.
pub fn fill_in(image: &mut [u8]) -> Result<Result<(), String>> {
    let (table, place) = {
        let elf = ElfFile::<FileHeader64<LittleEndian>>::parse(&*image)
            .context("the kernel is no ELF file")?;
        let Some(place) = place_of_table(&elf) else {
            return Ok(Err(
                "the kernel has no section .ksyms: backtraces will show addresses only".into(),
            ));
        };
        (encode(&functions(&elf))?, place)
    };
    if table.len() > place.len() {
        bail!(
            "{} bytes of function names do not fit into the {} of .ksyms",
            table.len(),
            place.len()
        );
    }
    let start = place.start;
    image
        .get_mut(start..start + table.len())
        .context(".ksyms lies outside the file")?
        .copy_from_slice(&table);
    Ok(Ok(()))
}

fn place_of_table(elf: &ElfFile<'_, FileHeader64<LittleEndian>>) -> Option<Range<usize>> {
    let (offset, size) = elf.section_by_name(".ksyms")?.file_range()?;
    let start = usize::try_from(offset).ok()?;
    Some(start..start.checked_add(usize::try_from(size).ok()?)?)
}

/// The functions by address; of several names for one address, the first.
fn functions(elf: &ElfFile<'_, FileHeader64<LittleEndian>>) -> BTreeMap<u32, String> {
    let mut functions = BTreeMap::new();
    for symbol in elf
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text)
    {
        let offset = symbol
            .address()
            .checked_sub(BASE)
            .and_then(|offset| u32::try_from(offset).ok());
        if let (Some(offset), Ok(name)) = (offset, symbol.name())
            && !name.is_empty()
        {
            functions
                .entry(offset)
                .or_insert_with(|| format!("{:#}", rustc_demangle::demangle(name)));
        }
    }
    functions
}

fn encode(functions: &BTreeMap<u32, String>) -> Result<Vec<u8>> {
    let mut pairs = Vec::new();
    let mut names = Vec::new();
    for (address, name) in functions {
        pairs.extend(address.to_le_bytes());
        pairs.extend(u32::try_from(names.len())?.to_le_bytes());
        names.extend(name.bytes().filter(|&byte| byte != 0));
        names.push(0);
    }
    let header = [
        MAGIC,
        u32::try_from(functions.len())?,
        u32::try_from(names.len())?,
        0,
    ];
    let mut table: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    table.extend(pairs);
    table.extend(names);
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_ends_names_with_nul() {
        let functions = BTreeMap::from([(0x20, "b".to_owned()), (0x10, "aa".to_owned())]);
        let table = encode(&functions).expect("two functions can be encoded");
        let words: Vec<u32> = table[..32]
            .chunks(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("chunks of four")))
            .collect();
        assert_eq!(words, [MAGIC, 2, 5, 0, 0x10, 0, 0x20, 3]);
        assert_eq!(&table[32..], b"aa\0b\0");
    }
}
