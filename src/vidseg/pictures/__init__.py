"""Every picture that is read: opening, orientation, depth, pages, listing; values of label maps."""
