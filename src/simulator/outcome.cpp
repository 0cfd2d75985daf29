#include "simulator/outcome.hpp"

#include <algorithm>
#include <cmath>

#include "core/rng.hpp"

namespace stemma {

namespace {

double factor(const SimulationSettings& settings, Stream& stream) {
    switch (settings.noise) {
        case DurationNoise::none:
            return 1;
        case DurationNoise::half_normal:
            return 1 + std::abs(settings.noise_sd * stream.normal());
        case DurationNoise::lognormal:
            return std::exp(settings.noise_sd * stream.normal() - settings.noise_sd * settings.noise_sd / 2);
    }
    return 1;
}

/// The whole second in which a training with this chance of ending each second ends.
double drop_time(double per_second, Stream& stream) {
    if (per_second >= 1) return 1;
    return std::max(1.0, std::ceil(std::log1p(-stream.uniform()) / std::log1p(-per_second)));
}

}  // namespace

LeaseOutcome draw_outcome(const SimulationSettings& settings, LeaseId lease, Resource units) {
    const auto& faults = settings.faults;
    Stream stream(settings.seed, Purpose::fault, lease.value, 1);
    LeaseOutcome outcome;
    outcome.seconds_per_unit = settings.seconds_per_unit * factor(settings, stream);
    outcome.seconds = outcome.seconds_per_unit * static_cast<double>(units);
    const auto fails = [&](double chance, FailureKind kind) {
        if (chance <= 0 || outcome.failure != FailureKind::none || stream.uniform() >= chance) return;
        outcome.failure = kind;
        outcome.seconds *= kind == FailureKind::infeasible ? 0 : stream.uniform();
    };
    fails(faults.infeasible, FailureKind::infeasible);
    fails(faults.device, FailureKind::device);
    fails(faults.broken_program, FailureKind::broken_program);
    fails(faults.diverge, FailureKind::nonfinite);
    if (faults.drop_per_second > 0 && outcome.failure == FailureKind::none) {
        const double dropped = drop_time(faults.drop_per_second, stream);
        if (dropped <= outcome.seconds) {
            outcome.seconds = dropped;
            outcome.failure = FailureKind::exception;
        }
    }
    outcome.nonfinite_metric = faults.nonfinite > 0 && stream.uniform() < faults.nonfinite;
    if (faults.stall > 0 && stream.uniform() < faults.stall) outcome.seconds += faults.stall_seconds;
    return outcome;
}

}  // namespace stemma
