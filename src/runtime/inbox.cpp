#include "runtime/inbox.hpp"

#include <utility>

namespace stemma {

namespace {

struct ToInput {
    WorkerId worker;

    std::optional<InputBody> operator()(Hello&& hello) const {
        return WorkerJoined{worker, std::move(hello.host), std::move(hello.device), hello.snapshot_quota};
    }
    std::optional<InputBody> operator()(Report&& report) const {
        return LeaseReported{worker,         report.lease,          report.reached,
                             report.seconds, report.snapshot_bytes, std::move(report.rows)};
    }
    std::optional<InputBody> operator()(Failure&& failure) const {
        return LeaseFailed{
            worker,          failure.lease,  failure.kind, std::move(failure.type), std::move(failure.message),
            failure.reached, failure.seconds};
    }
    std::optional<InputBody> operator()(Persisted&& persisted) const {
        return SnapshotPersisted{persisted.snapshot, persisted.ok, std::move(persisted.message)};
    }
    std::optional<InputBody> operator()(TransferReceived&& received) const { return TransferDone{received.transfer}; }
    std::optional<InputBody> operator()(TransferEmpty&& empty) const { return TransferFailed{empty.transfer}; }
    std::optional<InputBody> operator()(Heartbeat&&) const { return std::nullopt; }
    std::optional<InputBody> operator()(Progress&&) const { return std::nullopt; }
    std::optional<InputBody> operator()(Goodbye&&) const { return std::nullopt; }
};

}  // namespace

std::optional<InputBody> to_input(WorkerId worker, ToManager&& message) {
    return std::visit(ToInput{worker}, std::move(message));
}

}  // namespace stemma
