#pragma once
// Random messages of every kind, for round trips and for the fuzzer.

#include <limits>
#include <string>

#include "core/rng.hpp"
#include "transport/messages.hpp"

namespace stemma::testing {

class MessageSampler {
public:
    explicit MessageSampler(Stream& stream) : s_(stream) {}

    message::ToWorker to_worker() {
        switch (s_.below(std::variant_size_v<message::ToWorker>)) {
            case 0:
                return grant();
            case 1:
                return message::Serve{id<TransferId>(), id<SnapshotId>(), id<WorkerId>()};
            case 2:
                return message::AbortTransfer{id<TransferId>()};
            case 3:
                return message::Drop{id<SnapshotId>()};
            case 4:
                return message::Persist{id<SnapshotId>()};
            case 5:
                return message::Cancel{id<LeaseId>()};
            case 6:
                return message::Dismiss{s_.below(2) == 1};
            case 7:
                return message::Replicate{id<TransferId>(), id<SnapshotId>(), id<MemberId>(),
                                          resource(),       id<WorkerId>(),   s_()};
            default:
                return message::Ping{};
        }
    }
    message::ToManager to_manager() {
        switch (s_.below(std::variant_size_v<message::ToManager>)) {
            case 0:
                return message::Hello{
                    text(), text(), text(), s_(), s_(), static_cast<std::uint32_t>(s_()), {number(), number()}};
            case 1:
                return message::Heartbeat{id<LeaseId>(), resource()};
            case 2:
                return message::Progress{id<LeaseId>(), row(), s_()};
            case 3:
                return message::Report{id<LeaseId>(), resource(), number(),
                                       s_(),          rows(),     static_cast<std::uint32_t>(s_.below(5))};
            case 4:
                return message::Failure{
                    id<LeaseId>(), static_cast<FailureKind>(s_.below(10)), text(), text(), resource(), number()};
            case 5:
                return message::Persisted{id<SnapshotId>(), s_.below(2) == 1, text()};
            case 6:
                return message::TransferDone{id<TransferId>()};
            case 7:
                return message::TransferFailed{id<TransferId>()};
            case 8:
                return message::TransferLate{id<TransferId>()};
            default:
                return message::Goodbye{text(), s_.below(2) == 1};
        }
    }

private:
    template <class I>
    I id() {
        return s_.below(8) == 0 ? I::none() : I{s_.below(1'000'000)};
    }
    Resource resource() { return static_cast<Resource>(s_.below(1000)); }
    double number() { return s_.below(10) == 0 ? std::numeric_limits<double>::quiet_NaN() : s_.normal(); }
    std::string text() { return std::string(s_.below(40), static_cast<char>('a' + s_.below(26))); }
    MetricRow row() {
        MetricRow row{resource(), {}};
        for (auto n = s_.below(5); n > 0; --n) row.values.push_back(number());
        return row;
    }
    std::vector<MetricRow> rows() {
        std::vector<MetricRow> rows;
        for (auto n = s_.below(6); n > 0; --n) rows.push_back(row());
        return rows;
    }
    Value value() {
        switch (s_.below(4)) {
            case 0:
                return Inactive{};
            case 1:
                return number();
            case 2:
                return resource();
            default:
                return Choice{static_cast<std::uint32_t>(s_.below(10))};
        }
    }
    message::Train grant() {
        message::Train g{id<LeaseId>(),
                         id<MemberId>(),
                         s_(),
                         resource(),
                         resource(),
                         resource(),
                         static_cast<message::StartFrom>(s_.below(4)),
                         id<SnapshotId>(),
                         id<WorkerId>(),
                         id<TransferId>(),
                         s_(),
                         s_.below(2) == 1,
                         {},
                         {},
                         s_.below(2) == 1};
        for (auto n = s_.below(8); n > 0; --n) g.configuration.push_back(value());
        for (auto n = s_.below(8); n > 0; --n) g.parent_configuration.push_back(value());
        return g;
    }
    Stream& s_;
};

}  // namespace stemma::testing
