"""The bureau's server: files cases, follows them until closed, and answers for every figure."""
