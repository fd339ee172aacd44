package keyhaven

import "testing"

func TestCORSMatch(t *testing.T) {
	doc := &CORS{Rules: []CORSRule{
		{ID: "exact", AllowedOrigins: []string{"https://app.example.com"}, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"x-amz-*", "Content-Type"}},
		{ID: "pattern", AllowedOrigins: []string{"http://*.example.com", "https://*"}, AllowedMethods: []string{"GET"}},
		{ID: "any", AllowedOrigins: []string{"*"}, AllowedMethods: []string{"HEAD"}, AllowedHeaders: []string{"*"}},
	}}
	for _, try := range []struct {
		origin, method string
		headers        []string
		id             string
		match          OriginMatch
	}{
		{"https://app.example.com", "PUT", nil, "exact", OriginExact},
		{"https://app.example.com", "PUT", []string{"X-AMZ-Date", "content-type"}, "exact", OriginExact},
		{"https://app.example.com", "PUT", []string{"authorization"}, "", OriginNone},
		{"https://APP.example.com", "PUT", nil, "", OriginNone},
		{"https://app.example.com:8443", "PUT", nil, "", OriginNone},
		{"https://app.example.com", "GET", nil, "pattern", OriginWildcard},
		{"http://a.example.com", "GET", nil, "pattern", OriginWildcard},
		{"http://.example.com", "GET", nil, "pattern", OriginWildcard},
		{"http://example.com", "GET", nil, "", OriginNone},
		{"http://a.example.com", "GET", []string{"x"}, "", OriginNone},
		{"null", "HEAD", []string{"anything"}, "any", OriginAny},
		{"null", "DELETE", nil, "", OriginNone},
	} {
		rule, match := doc.Match(try.origin, try.method, try.headers)
		id := ""
		if rule != nil {
			id = rule.ID
		}
		if id != try.id || match != try.match {
			t.Errorf("Match(%q, %q, %q) = %q, %d, want %q, %d", try.origin, try.method, try.headers, id, match, try.id, try.match)
		}
	}
}

func TestCORSValidate(t *testing.T) {
	good := func() CORSRule { return CORSRule{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}} }
	for name, change := range map[string]func(*CORSRule){
		"control character in an origin": func(r *CORSRule) { r.AllowedOrigins = []string{"http://a\r\nX: y"} },
		"empty origin":                   func(r *CORSRule) { r.AllowedOrigins = []string{""} },
		"two wildcards in a header":      func(r *CORSRule) { r.AllowedHeaders = []string{"**"} },
		"header with a space":            func(r *CORSRule) { r.AllowedHeaders = []string{"a b"} },
		"exposed header with a break":    func(r *CORSRule) { r.ExposeHeaders = []string{"a\nb"} },
		"empty exposed header":           func(r *CORSRule) { r.ExposeHeaders = []string{""} },
	} {
		r := good()
		if err := (&CORS{Rules: []CORSRule{r}}).Validate(1); err != nil {
			t.Fatalf("a good rule: %v", err)
		}
		age := int32(-1) // S3 takes it
		r.MaxAge = &age
		if err := (&CORS{Rules: []CORSRule{r}}).Validate(1); err != nil {
			t.Fatalf("a negative age: %v", err)
		}
		change(&r)
		if err := (&CORS{Rules: []CORSRule{r}}).Validate(1); !Is(err, Invalid, NounConfiguration) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}
