#include "sampler/gp/data.hpp"

#include <algorithm>

namespace stemma::gp {
namespace {

void keep_youngest(std::vector<Row>& rows, std::size_t count) {
    if (rows.size() > count) rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(count));
}

}  // namespace

Memory::Memory(std::shared_ptr<const SearchSpace> space, const GpSettings& settings)
    : settings_(settings), history_(std::move(space), {.min_trials = settings.startup}) {}

void Memory::born(const Birth& birth) {
    history_.born(birth);
    pending_.insert(birth.member);
    reached_.resize(std::max<std::size_t>(reached_.size(), birth.member.value + 1));
    reached_[birth.member.value] = birth.from;
}

void Memory::observe(const Observation& observation) {
    history_.observe(observation);
    pending_.erase(observation.member);
    if (observation.failure != Infeasibility::none) return;
    auto& reached = reached_[observation.member.value];
    if (observation.resource <= reached) return;
    interval_ = observation.resource - reached;
    reached = observation.resource;
}

void Memory::given_up(MemberId member) {
    history_.given_up(member);
    pending_.erase(member);
}

Data Memory::data(MemberId parent) const {
    auto found = settings_.objective == GpObjective::improvement ? steps(parent) : trials(parent);
    keep_youngest(found.pending, std::max<std::size_t>(1, settings_.data / 2));
    return found;
}

std::vector<Row> Memory::feasibility(Infeasibility kind) const {
    std::vector<Row> rows;
    for (const auto& trial : history_.feasibility(kind, settings_.data)) {
        rows.push_back({trial.member, trial.failed ? Resource{1} : Resource{0}, trial.configuration, trial.unit,
                        trial.time, trial.failed ? 1.0 : -1.0});
    }
    return rows;
}

Data Memory::trials(MemberId parent) const {
    Data found{.observed = {}, .pending = {}, .next_time = history_.time_of_child(parent)};
    for (const auto& trial : history_.trials(parent, settings_.data)) {
        auto& rows = trial.pending ? found.pending : found.observed;
        rows.push_back({trial.member, trial.resource, trial.configuration, trial.unit, trial.time, trial.objective});
    }
    return found;
}

Data Memory::steps(MemberId parent) const {
    const auto interval = static_cast<double>(interval_);
    const auto next = [&](MemberId member) { return static_cast<double>(reached_[member.value]) / interval + 1; };
    Data found{.observed = {}, .pending = {}, .next_time = parent.exists() ? next(parent) : 1};
    for (const auto& step : history_.steps(MemberId::none(), settings_.data)) {
        found.observed.push_back({step.member, static_cast<Resource>(step.time), step.configuration, step.unit,
                                  step.time / interval, step.change});
    }
    for (const auto member : pending_) {
        found.pending.push_back({member, 0, history_.configuration(member), history_.unit(member), next(member), 0});
    }
    return found;
}

}  // namespace stemma::gp
