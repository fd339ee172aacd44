package check

// Hold bounds how many fingerprints a search holds at a time.
func (o *Options) Hold(n int) { o.held = n }
