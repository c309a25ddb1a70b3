"""The archives that evaluation servers and toolkits take."""
