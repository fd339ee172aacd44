// Package crash tests what must survive: the power going, the process being
// killed, the disk filling up, bits turning over, and more clients than there
// is memory for.
//
// One workload runs against two systems. Against the keyhaven binary, which is
// killed or stopped under it; and against the services in this process over
// simulated disks, whose power is cut at single writes. A model holds for every
// thing that the workload changes the states that it may be in: the one that was
// acknowledged and, while an operation is under way or its outcome unknown, the
// one that the operation makes. After each restart everything is read and held
// against the model, and the check service looks for what is half there.
//
// The tests are named after the cases that they stand for. Without a build tag
// they run in well under a minute; with the tag crash (make crash) for as long
// as it takes.
package crash
