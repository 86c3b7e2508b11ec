"""Building blocks of the screens: no knowledge of cases, stores or servers."""
