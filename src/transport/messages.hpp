#pragma once
// The control plane: two closed sets of small messages. Weights are not messages (see endpoint.hpp).

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/bytes.hpp"
#include "core/ids.hpp"
#include "space/configuration.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

namespace message {

/// Where a lease's starting snapshot comes from. The same numbers as SourceKind in run files.
enum class StartFrom : std::uint8_t { scratch = 0, local = 1, peer = 2, disk = 3 };

// ---- manager -> worker -------------------------------------------------------------------------------------------

struct Train {
    LeaseId lease;
    MemberId member;
    std::uint64_t seed = 0;
    Resource from = 0;
    Resource to = 0;
    Resource max = 0;  ///< largest resource of a member; 0 = not known
    StartFrom start = StartFrom::scratch;
    SnapshotId snapshot = {};
    WorkerId owner = {};       ///< start == peer
    TransferId transfer = {};  ///< start == peer
    std::uint64_t bytes = 0;   ///< encoded size of the snapshot, start == peer
    bool adopted = false;      ///< the snapshot is the parent's: the member's first training
    Configuration configuration = {};
    Configuration parent_configuration = {};  ///< set if `adopted`
    bool retried = false;                     ///< the same training failed before
};

struct Serve {
    TransferId transfer;
    SnapshotId snapshot;
    WorkerId receiver;
};

struct AbortTransfer {
    TransferId transfer;
};

struct Drop {
    SnapshotId snapshot;
};

struct Persist {
    SnapshotId snapshot;
};

struct Cancel {
    LeaseId lease;
};

/// Keep a second copy of a snapshot, which `owner` sends. A TransferDone, TransferFailed or TransferLate
/// follows, unless the transfer is abandoned.
struct Replicate {
    TransferId transfer;
    SnapshotId snapshot;
    MemberId member;
    Resource resource = 0;
    WorkerId owner;
    std::uint64_t bytes = 0;  ///< encoded size
};

/// Finish writing, say Goodbye, end.
struct Dismiss {
    bool peers_lost = false;  ///< a rank is gone: no collective calls (MPI_Finalize would wait for that rank)
};

/// The manager is alive. Sent while no other message is, so that a worker can tell a silent manager from a lost one.
struct Ping {};

using ToWorker = std::variant<Train, Serve, AbortTransfer, Drop, Persist, Cancel, Dismiss, Ping, Replicate>;

// ---- worker -> manager -------------------------------------------------------------------------------------------

struct Hello {
    std::string host;
    std::string device;
    std::string description;  ///< Trainer::describe()
    std::uint64_t snapshot_quota = 0;
    std::uint64_t pid = 0;
    std::uint32_t threads = 1;
    std::vector<double> baselines = {};  ///< MetricInfo::baseline of each metric of the trainer
};

/// Sent at least every `heartbeat` seconds while no other message is sent.
struct Heartbeat {
    LeaseId lease = {};  ///< in training, if any
    Resource reached = 0;
};

/// Metrics of a running lease at a unit boundary, for readers that follow a search; not an input of the search.
struct Progress {
    LeaseId lease;
    MetricRow row;
    std::uint64_t number = 0;  ///< rows of this training before it, sent or not
};

struct Report {
    LeaseId lease;
    Resource reached = 0;
    double seconds = 0;
    std::uint64_t snapshot_bytes = 0;
    std::vector<MetricRow> rows;
    std::uint32_t processes = 1;  ///< that trained together
};

struct Failure {
    LeaseId lease;
    FailureKind kind = FailureKind::exception;
    std::string type;
    std::string message;  ///< cut to 4 KiB
    Resource reached = 0;
    double seconds = 0;
};

struct Persisted {
    SnapshotId snapshot;
    bool ok = true;
    std::string message;
};

struct TransferDone {
    TransferId transfer;
};

/// Answer to Replicate: the owner sent no snapshot, or another snapshot.
struct TransferFailed {
    TransferId transfer;
};

/// Answer to Replicate: nothing came within the time that is waited for a transfer (WorkerTiming::transfer_timeout).
struct TransferLate {
    TransferId transfer;
};

/// The last message. A worker that could not start says why. Such a worker has not said Hello.
struct Goodbye {
    std::string refusal;   ///< "": the worker leaves in order
    bool mistake = false;  ///< the user's mistake: another start would end the same way
};

using ToManager = std::variant<Hello, Heartbeat, Progress, Report, Failure, Persisted, TransferDone, Goodbye,
                               TransferFailed, TransferLate>;

// ---- frames ------------------------------------------------------------------------------------------------------

/// Fixed 48-byte header of every frame: magic "STMA", protocol version, kind, sequence per pair of ranks, run id; body
/// length, CRC-32 of the body and of the header. The direction is the high bit of the kind. Layout: codec.cpp.
inline constexpr std::uint16_t protocol_version = 1;
inline constexpr std::size_t frame_header_bytes = 48;
/// Largest frame, header included. A message that does not fit is a bug, because texts are cut before.
inline constexpr std::size_t frame_bytes_max = std::size_t{256} * 1024;

struct FrameContext {
    std::uint64_t run_id = 0;
    std::uint64_t sequence = 0;
};

}  // namespace message

/// Appends one frame to `out`. Several messages to one rank can so travel as one transfer.
void encode(const message::ToWorker& message, message::FrameContext context, Bytes& out);
void encode(const message::ToManager& message, message::FrameContext context, Bytes& out);

/// Takes one frame off the front of `in`. The frame must have `context.run_id`; `context.sequence` is filled in. Throws
/// DecodeError on wrong magic, version, run id, direction, kind, length or checksum, and then leaves `in` unchanged.
message::ToWorker decode_to_worker(std::span<const std::byte>& in, message::FrameContext& context);
message::ToManager decode_to_manager(std::span<const std::byte>& in, message::FrameContext& context);

}  // namespace stemma
