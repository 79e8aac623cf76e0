"""Fields of text records: forms of lines that have names and values, told apart by evidence, read column by column."""
