#pragma once
// The commands of gpu_probe. Each prints lines of words that tests/gpu reads, and returns the exit code.

#include "trainings.hpp"

namespace stemma::gpu {

/// For plain training and each of request.variants, "NAME STEPS_PER_S SAMPLES_PER_S WAITS". WAITS: waits of the host in
/// a step, "-" if no program counts them. Times are differences of two trainings, so that start, data and snapshot do
/// not count.
int steps(const Request& request);

/// "NAME equal" or "NAME differs": a training in two parts gives the bits of one in one go, twice.
int continuation(const Request& request);

/// An assertion on the device that fails: "KIND TYPE MESSAGE...", as the search is told. The device is lost after it.
int failed_assertion(const Request& request);
/// The device's memory runs out: "KIND TYPE MESSAGE...", and "then works" if a training works after it.
int full_memory(const Request& request);

/// Speed of a snapshot's copies in GB/s, beside copies into memory that is page-locked: "out GB/s RAW", "in GB/s RAW".
int snapshots(const Request& request);

/// Megabytes of the device in use: "first MB", "most MB", "after MB" of a small member, a large one, and a small one.
int member_memory(const Request& request);

}  // namespace stemma::gpu
