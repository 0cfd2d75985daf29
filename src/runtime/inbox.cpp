#include "runtime/inbox.hpp"

#include <utility>

namespace stemma {

namespace {

struct ToInput {
    WorkerId worker;

    std::optional<input::Body> operator()(message::Hello&& hello) const {
        return input::WorkerJoined{worker, std::move(hello.host), std::move(hello.device), hello.snapshot_quota,
                                   std::move(hello.baselines)};
    }
    std::optional<input::Body> operator()(message::Report&& report) const {
        return input::Report{worker,          report.lease,          report.reached,
                             report.seconds,  report.snapshot_bytes, std::move(report.rows),
                             report.processes};
    }
    std::optional<input::Body> operator()(message::Failure&& failure) const {
        return input::Failure{
            worker,          failure.lease,  failure.kind, std::move(failure.type), std::move(failure.message),
            failure.reached, failure.seconds};
    }
    std::optional<input::Body> operator()(message::Persisted&& persisted) const {
        return input::Persisted{persisted.snapshot, persisted.ok, std::move(persisted.message)};
    }
    std::optional<input::Body> operator()(message::TransferDone&& received) const {
        return input::TransferDone{received.transfer};
    }
    std::optional<input::Body> operator()(message::TransferFailed&& empty) const {
        return input::TransferFailed{empty.transfer};
    }
    std::optional<input::Body> operator()(message::TransferLate&& late) const {
        return input::TransferLate{late.transfer};
    }
    std::optional<input::Body> operator()(message::Heartbeat&&) const { return std::nullopt; }
    std::optional<input::Body> operator()(message::Progress&&) const { return std::nullopt; }
    std::optional<input::Body> operator()(message::Goodbye&&) const { return std::nullopt; }
};

}  // namespace

std::optional<input::Body> to_input(WorkerId worker, message::ToManager&& message) {
    return std::visit(ToInput{worker}, std::move(message));
}

}  // namespace stemma
