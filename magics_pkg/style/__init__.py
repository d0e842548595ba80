"""How things look and are written: colours and fonts, numbers, signs, which entries of a tensor are shown."""
