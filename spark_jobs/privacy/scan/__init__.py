"""Look for identifiers in every file under a folder, whatever the file's format and however they are written.

`forms` says how an identifier may be written, `needles` finds all forms in one pass over bytes, `pieces`
takes a file apart into searchable bytes, `search` walks the folder, `selftest` proves that each file type is
read.
"""
