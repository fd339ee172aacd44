package backup

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	metaDir  = "meta/"
	indexDir = "index/"
	ringName = "keyring.json"

	// KeyRingName is the file of a target that holds the key ring, if it was
	// asked for.
	KeyRingName = ringName

	checkEvery = 1024 // items between two looks at the context
)

// run is one backup that is being made.
type run struct {
	*Service
	in     Input
	t      Target
	codec  *codec
	report *reporter
	m      *Manifest
	prev   *Manifest // the newest that can be read, or nil
	segs   *segments
	first  int // number of the first segment that no manifest names
	needed *spool
}

// Run makes one backup and returns its manifest. It may run while requests are
// served. Backups to one target come one after another (ErrLocked).
func (s *Service) Run(ctx context.Context, in Input) (*Manifest, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	lock, err := in.To.Lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: lock %s: %w", in.To, err)
	}
	defer release(ctx, lock, s.opts.Log)
	r := &run{
		Service: s, in: in, t: in.To, codec: c, report: newReporter(in.Report),
		segs: newSegments(in.To, c, s.opts.SegmentBytes),
	}
	if r.needed, err = newSpool(s.opts.SpoolDir); err != nil {
		return nil, err
	}
	defer r.needed.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer r.segs.uploads.Wait() // nothing is written any more when the lock goes
	defer cancel()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.collect(ctx); err != nil {
		return nil, err
	}
	return r.m, r.finish(ctx, lock)
}

// prepare looks at what the target holds and begins the manifest.
func (r *run) prepare(ctx context.Context) error {
	var in *meta.Installation
	err := r.meta.View(ctx, func(rd *meta.Reader) (err error) {
		in, err = rd.Installation()
		return err
	})
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if in == nil {
		return errors.New("backup: there is no installation yet")
	}
	if err := claim(ctx, r.t, in.ID); err != nil {
		return err
	}
	all, err := ids(ctx, r.t)
	if err != nil {
		return err
	}
	newest := ""
	for i := len(all) - 1; i >= 0; i-- {
		newest = max(newest, all[i])
		if r.prev, err = load(ctx, r.t, all[i]); err == nil {
			break
		}
		if !errors.Is(err, ErrDamaged) {
			return err
		}
		r.report.note(err.Error())
	}
	r.m = &Manifest{
		Format: manifestFormat, ID: newBackupID(newest), Installation: in.ID, Account: string(in.Account),
		Release: r.opts.Release, StoreFormat: r.opts.StoreFormat, KeyRing: in.KeyRing,
	}
	return nil
}

// collect copies everything that the target lacks.
func (r *run) collect(ctx context.Context) error {
	ahead, err := r.copyAhead(ctx)
	if err != nil {
		return err
	}
	defer ahead.Close()
	free := r.pins.Hold() // A1: before the snapshot, until the blobs are copied
	defer free()
	if err := r.snapshot(ctx, ahead); err != nil {
		return err
	}
	return r.copyBlobs(ctx)
}

// snapshot copies the records, and of the bytes of small objects what was not
// copied ahead, from one snapshot, and notes the blobs.
func (r *run) snapshot(ctx context.Context, ahead *spool) error {
	r.m.Created = time.Now().UTC()
	err := r.meta.View(ctx, func(rd *meta.Reader) error {
		if err := r.dumpRecords(ctx, rd); err != nil {
			return err
		}
		if err := r.copySmall(ctx, rd, ahead); err != nil {
			return err
		}
		return rd.Blobs(func(ref blob.Ref) error {
			if r.needed.n%checkEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			return r.needed.add(entry{id: ref})
		})
	})
	if err != nil {
		return fmt.Errorf("backup: snapshot: %w", err)
	}
	return nil
}

// dumpRecords writes all pairs: for each the length of the key as a uvarint, the
// key, the length of the value, the value.
func (r *run) dumpRecords(ctx context.Context, rd *meta.Reader) (err error) {
	r.report.step("metadata")
	m := &r.m.Metadata
	m.FileRef, err = putFile(ctx, r.t, metaDir+r.m.ID, func(w io.Writer) error {
		f := newFrameWriter(w, r.codec, segmentFrame)
		err := rd.Pairs(func(k, v []byte) error {
			if m.Records%checkEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			f.buf = append(binary.AppendUvarint(f.buf, uint64(len(k))), k...)
			f.buf = append(binary.AppendUvarint(f.buf, uint64(len(v))), v...)
			m.Records++
			r.report.add(1, int64(len(k)+len(v)))
			return f.added()
		})
		if err != nil {
			return err
		}
		return f.finish()
	})
	return err
}

// finish makes the backup exist (A2).
func (r *run) finish(ctx context.Context, lock Lock) error {
	if r.in.KeyRing != nil {
		err := r.t.Put(ctx, ringName, func(w io.Writer) error {
			_, err := w.Write(r.in.KeyRing)
			return err
		})
		if err != nil {
			return fmt.Errorf("backup: write %s: %w", ringName, err)
		}
	}
	if err := lock.Check(ctx); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := putJSON(ctx, r.t, manifestName(r.m.ID), r.m); err != nil {
		return err
	}
	if err := dropPartial(ctx, r.t); err != nil {
		r.report.note(err.Error()) // the backup exists all the same
	}
	r.report.step("")
	return nil
}
