#pragma once
// The value of a configuration that is trained from several seeds: the mean of its members' reports.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// Mean and sample standard deviation; neither overflows if the result is a double. NaN if a value is not finite. The
/// standard deviation of one value is 0.
struct MeanAndSpread {
    double mean = 0;
    double spread = 0;
};
MeanAndSpread mean_and_spread(std::span<const double> values);

/// The reports of all members of a configuration at one resource.
struct ConfigurationResult {
    MemberId member;  ///< of these the member with the best report
    Resource resource = 0;
    std::vector<double> means;    ///< of all metrics
    std::vector<double> spreads;  ///< of all metrics
};

/// Incomplete reports by configuration. A configuration has diverged if one of its members has.
class RepeatLedger {
public:
    explicit RepeatLedger(std::uint32_t repeats) : repeats_(repeats) {}

    /// `member` repeats the configuration of `first` with another seed.
    void born(MemberId member, MemberId first) { first_of_[member] = first; }
    /// The metrics of a full report (empty: it diverged without metrics), and the objective. Returns a result once all
    /// members have reported at this resource, and all are finite.
    std::optional<ConfigurationResult> reported(MemberId member, Resource resource, double objective,
                                                std::span<const double> metrics);

private:
    struct Report {
        MemberId member;
        double objective = 0;
        std::vector<double> metrics;
    };
    std::uint32_t repeats_;
    std::map<MemberId, MemberId> first_of_;  ///< of repeats
    std::map<std::pair<MemberId, Resource>, std::vector<Report>> open_;
};

}  // namespace stemma
