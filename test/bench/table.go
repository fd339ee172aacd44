package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// table prints a row for each workload as it is measured.
type table struct {
	w    io.Writer
	envs []*env
}

func newTable(w io.Writer, envs []*env) *table {
	fmt.Fprintf(w, "| %-22s | %-8s | %12s | %12s | %5s | %6s | %8s | %8s | %9s | %9s | %9s | %7s |\n", "workload", "server",
		"rate", "ceiling", "ratio", "by CPU", "p50 ms", "p99 ms", "CPU s/1k", "ceiling", "client s", "MiB")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|---|")
	return &table{w: w, envs: envs}
}

func (t *table) row(w *workload, results []*result) {
	top := results[0]
	for i, r := range results {
		if i == 0 {
			if r.err != nil {
				fmt.Fprintf(t.w, "| %-22s | ceiling  | failed: %v |\n", w.name, r.err)
			}
			continue
		}
		if r.err != nil {
			fmt.Fprintf(t.w, "| %-22s | %-8s | failed: %v |\n", w.name, t.envs[i].t.name, r.err)
			continue
		}
		slices.Sort(r.latencies)
		fmt.Fprintf(t.w, "| %-22s | %-8s | %7.0f %-4s | %7.0f %-4s | %5.2f | %6.2f | %8.2f | %8.2f | %9.3f | %9.3f | %9.2f | %7.0f |\n",
			w.name, t.envs[i].t.name, r.rate(w), w.unit, top.rate(w), w.unit, ratio(r.rate(w), top.rate(w)), ratio(costOf(top), costOf(r)),
			ms(quantile(r.latencies, 0.5)), ms(quantile(r.latencies, 0.99)),
			cpuPer1000(r), cpuPer1000(top), r.clientCPU.Seconds(), float64(r.rss)/mib)
	}
}

// ratio is zero where there is no ceiling.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func cpuPer1000(r *result) float64 { return r.serverCPU.Seconds() / float64(max(1, r.count)) * 1000 }

// costOf is the processor time of one operation, client and server together. Where
// both share processors that others use too, the quotient of the costs says what
// the ratio of the rates would be on a quiet machine that waits for no disk.
func costOf(r *result) float64 {
	if r.count == 0 {
		return 0
	}
	return (r.serverCPU + r.clientCPU).Seconds() / float64(r.count)
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
