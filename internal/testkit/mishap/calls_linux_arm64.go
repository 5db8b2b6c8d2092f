package mishap

func older() map[uintptr]call { return nil }
