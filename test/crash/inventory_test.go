package crash

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// verify reads everything that the workload can have made and holds it against
// the model, which is sure of every state afterwards.
func (w *workload) verify() error {
	errs := []error{w.failures(), w.verifyBuckets(), w.verifyObjects(), w.verifyUploads(), w.verifyKeys()}
	for _, name := range w.model.names() {
		kind, thing, _ := strings.Cut(name, " ")
		seen, err := w.look(kind, thing)
		if err == nil {
			err = w.model.observe(name, seen)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// look reads the state of one register.
func (w *workload) look(kind, thing string) (state, error) {
	switch kind {
	case "plain":
		body, err := w.sys.get(plainBucket, thing, "")
		if errors.Is(err, errAbsent) {
			return state{}, nil
		}
		return state{sumOf(body)}, err
	case "versioned":
		return w.lookVersions(thing)
	case "multipart":
		return w.lookUpload(thing)
	}
	return w.lookBucket(thing)
}

func (w *workload) lookVersions(key string) (state, error) {
	seen, err := w.sys.versions(versionedBucket, key)
	s := state{}
	for _, v := range seen {
		sum := "marker"
		if !v.marker {
			body, err := w.sys.get(versionedBucket, key, v.id)
			if err != nil {
				return nil, err
			}
			sum = sumOf(body)
		}
		s = s.with("version=" + sum)
		if v.latest {
			s = s.with("latest=" + sum)
		}
	}
	return s, err
}

// lookUpload writes a completed object as the parts that the model knows, if its
// bytes are theirs.
func (w *workload) lookUpload(key string) (state, error) {
	s := state{}
	body, err := w.sys.get(plainBucket, key, "")
	switch {
	case err == nil:
		s = s.with("object=" + w.assembled("multipart "+key, body))
	case !errors.Is(err, errAbsent):
		return nil, err
	}
	open, err := w.sys.uploads(plainBucket)
	if err != nil {
		return nil, err
	}
	for _, u := range open {
		if u.key != key {
			continue
		}
		s = s.with("upload=" + u.id)
		parts, err := w.sys.parts(plainBucket, key, u.id)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			s = s.with(fmt.Sprintf("part%d=%s/%d", p.number, p.etag, p.size))
		}
	}
	return s, nil
}

// assembled returns which of the possible objects these bytes are.
func (w *workload) assembled(name string, body []byte) string {
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	for _, s := range w.model.get(name).possible {
		if sums, ok := s.find("object="); ok && w.isMadeOf(body, sums) {
			return sums
		}
	}
	return "unknown:" + sumOf(body)
}

func (w *workload) isMadeOf(body []byte, sums string) bool {
	for fact := range strings.SplitSeq(strings.TrimSuffix(sums, "+"), "+") {
		sum, _, _ := strings.Cut(fact, "/")
		n := partSize(fact)
		if n > len(body) || sumOf(body[:n]) != sum {
			return false
		}
		body = body[n:]
	}
	return len(body) == 0
}

func (w *workload) lookBucket(bucket string) (state, error) {
	all, err := w.sys.buckets()
	if err != nil || !slices.Contains(all, bucket) {
		return state{}, err
	}
	s := state{"bucket"}
	objects, err := w.sys.list(bucket)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		body, err := w.sys.get(bucket, o.key, "")
		if err != nil {
			return nil, err
		}
		s = s.with("object=" + o.key + "=" + sumOf(body))
	}
	ids, err := w.sys.keys(bucket)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		s = s.with("key=" + id)
	}
	return s, nil
}

// verifyBuckets finds buckets that nobody made.
func (w *workload) verifyBuckets() error {
	all, err := w.sys.buckets()
	if err != nil {
		return err
	}
	for _, shared := range []string{plainBucket, versionedBucket} {
		if !slices.Contains(all, shared) {
			err = errors.Join(err, fmt.Errorf("bucket %s is gone", shared))
		}
	}
	for _, name := range all {
		if name != plainBucket && name != versionedBucket && !slices.Contains(w.model.names(), "bucket "+name) {
			err = errors.Join(err, fmt.Errorf("bucket %s was never made", name))
		}
	}
	return err
}

// verifyObjects compares the listing of the plain bucket with what can be read,
// and finds objects that nobody made.
func (w *workload) verifyObjects() error {
	all, err := w.sys.list(plainBucket)
	if err != nil {
		return err
	}
	names := w.model.names()
	for _, o := range all {
		_, made := slices.BinarySearch(names, "plain "+o.key)
		_, uploaded := slices.BinarySearch(names, "multipart "+o.key)
		if !made && !uploaded {
			err = errors.Join(err, fmt.Errorf("object %s was never made", o.key))
		}
		body, getErr := w.sys.get(plainBucket, o.key, "")
		switch {
		case getErr != nil:
			err = errors.Join(err, fmt.Errorf("object %s is listed: %w", o.key, getErr))
		case int64(len(body)) != o.size || made && sumOf(body) != o.etag:
			err = errors.Join(err, fmt.Errorf("object %s has %d bytes with MD5 %s and is listed with %d and %s", o.key, len(body), sumOf(body), o.size, o.etag))
		}
	}
	return err
}

// verifyUploads finds uploads that nobody made.
func (w *workload) verifyUploads() error {
	open, err := w.sys.uploads(plainBucket)
	for _, u := range open {
		if !slices.Contains(w.model.names(), "multipart "+u.key) {
			err = errors.Join(err, fmt.Errorf("upload %s of %s was never made", u.id, u.key))
		}
	}
	return err
}

// verifyKeys signs with all keys that there ever were.
func (w *workload) verifyKeys() error {
	var errs []error
	w.mu.Lock()
	gone := slices.Clone(w.gone)
	w.mu.Unlock()
	for _, k := range gone {
		if ok, err := w.sys.accepted(plainBucket, k); err != nil || ok {
			errs = append(errs, fmt.Errorf("key %s was deleted: accepted %t, %w", k.id, ok, err))
		}
	}
	for _, name := range w.model.names() {
		bucket, ok := strings.CutPrefix(name, "bucket ")
		if !ok {
			continue
		}
		ids, err := w.sys.keys(bucket)
		if err != nil {
			continue // the bucket may be gone; lookBucket looks closer
		}
		for _, id := range ids {
			w.mu.Lock()
			k := accessKey{id, w.secret[id]}
			w.mu.Unlock()
			if k.secret == "" {
				continue // the answer that had it never came
			}
			if ok, err := w.sys.accepted(bucket, k); err != nil || !ok {
				errs = append(errs, fmt.Errorf("key %s of %s: accepted %t, %w", id, bucket, ok, err))
			}
		}
	}
	return errors.Join(errs...)
}
