"""Pages to items: functions of text alone, which fetch nothing and write nothing."""
