package sigv4

import "strings"

const upperHex = "0123456789ABCDEF"

// unreserved is RFC 3986's set, the only bytes that AWS leaves unescaped.
func unreserved(c byte) bool {
	return isLower(c) || isUpper(c) || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func appendByte(dst []byte, c byte) []byte {
	if unreserved(c) {
		return append(dst, c)
	}
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

// appendPath escapes a path, leaving its slashes.
func appendPath(dst []byte, path string) []byte {
	for i := range len(path) {
		if path[i] == '/' {
			dst = append(dst, '/')
			continue
		}
		dst = appendByte(dst, path[i])
	}
	return dst
}

// appendNormalPath escapes a path for the services other than S3: empty and dot
// segments are removed first, a trailing slash stays.
func appendNormalPath(dst []byte, path string) []byte {
	var kept []string
	for seg := range strings.SplitSeq(path, "/") {
		switch seg {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, seg)
		}
	}
	for _, seg := range kept {
		dst = appendPath(append(dst, '/'), seg)
	}
	if len(kept) == 0 || strings.HasSuffix(path, "/") {
		dst = append(dst, '/')
	}
	return dst
}

// queryByte decodes the byte of a query at i and returns where the next begins.
// '+' is a space. A '%' that escapes nothing stands for itself.
func queryByte(s string, i int) (c byte, next int) {
	switch {
	case s[i] == '+':
		return ' ', i + 1
	case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
		return unhex(s[i+1])<<4 | unhex(s[i+2]), i + 3
	}
	return s[i], i + 1
}

// appendQuery decodes an escaped name or value of a query and escapes it in the
// canonical way.
func appendQuery(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		var c byte
		c, i = queryByte(s, i)
		dst = appendByte(dst, c)
	}
	return dst
}

func unescapeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	dst := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		var c byte
		c, i = queryByte(s, i)
		dst = append(dst, c)
	}
	return string(dst)
}

func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case isLower(c):
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

// appendCollapsed appends a header value without outer white space and with
// each run of spaces made one.
func appendCollapsed(dst []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	if !strings.Contains(v, "  ") {
		return append(dst, v...)
	}
	for i := range len(v) {
		if v[i] == ' ' && v[i-1] == ' ' {
			continue
		}
		dst = append(dst, v[i])
	}
	return dst
}
