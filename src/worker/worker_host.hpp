#pragma once
// A running worker: the machine of worker.hpp with an endpoint, a training thread and a thread that writes snapshots.
// The same for loopback and MPI.

#include <memory>
#include <string>

#include "platform/attentive_clock.hpp"
#include "space/search_space.hpp"
#include "trainer/trainer.hpp"
#include "transport/endpoint.hpp"
#include "worker/snapshot_files.hpp"
#include "worker/worker.hpp"

namespace stemma {

struct WorkerHostSettings {
    std::uint64_t run_id = 0;
    WorkerTiming worker;
    std::string host;
    std::string device = "cpu";
    std::uint64_t snapshot_quota = 0;  ///< bytes; the manager respects it
    std::uint32_t threads = 1;
    AttentiveClock::Source clock = {};  ///< none: the system's
    /// No training begins while more durable copies wait for the disk. They take memory, and a kill loses them.
    std::size_t copies_waiting = 250;
};

enum class WorkerExit : int {
    done = 0,          ///< told to leave: finalize as usual
    peers_lost = 1,    ///< told to leave, but a rank is gone: leave without collective calls (MpiSession::abandon)
    manager_lost = 2,  ///< the manager is gone or silent: leave without collective calls
};

/// Works until told to leave. The calling thread makes all calls of `endpoint`. Trainer::at_once() other threads use
/// `trainer` and `files.read`, others `files.write`. Returns when the leases in training have come to their next
/// boundaries. Throws DecodeError on a damaged frame.
WorkerExit run_worker(Endpoint& endpoint, Trainer& trainer, std::shared_ptr<const SearchSpace> space,
                      const WorkerHostSettings& settings, SnapshotFiles& files);

}  // namespace stemma
