#include "sampler/history.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t enough_trials(const SearchSpace& space) {
    std::size_t count = 1;
    for (std::size_t i = 0; i < space.size(); ++i) count += space.axis(i).constant() ? 0 : 1;
    return count;
}

}  // namespace

void History::Scores::set(MemberId member, double objective, Resource resource) {
    const auto [place, is_new] = by_member.try_emplace(member, objective, resource);
    if (!is_new) {
        best.erase({place->second.first, member});
        finite -= std::isfinite(place->second.first) ? 1 : 0;
        place->second = {objective, resource};
    }
    best.emplace(objective, member);
    finite += std::isfinite(objective) ? 1 : 0;
}

void History::Scores::erase(MemberId member) {
    const auto place = by_member.find(member);
    if (place == by_member.end()) return;
    best.erase({place->second.first, member});
    finite -= std::isfinite(place->second.first) ? 1 : 0;
    by_member.erase(place);
}

History::History(std::shared_ptr<const SearchSpace> space, HistorySettings settings)
    : space_(std::move(space)),
      min_trials_(std::max(settings.at_least, settings.min_trials > 0 ? settings.min_trials : enough_trials(*space_))),
      families_(1) {}

History::Member& History::at(MemberId member) {
    ensure(knows(member), "the history was told of this member's birth");
    return members_[member.value];
}

const History::Member& History::at(MemberId member) const {
    ensure(knows(member), "the history was told of this member's birth");
    return members_[member.value];
}

std::uint32_t History::new_family() {
    families_.emplace_back();
    return static_cast<std::uint32_t>(families_.size() - 1);
}

History::Family& History::family_of(const Member& member) {
    if (member.trials != no_index) return families_[member.trials];
    return families_[member.parent.exists() ? at(member.parent).family : from_scratch];
}

void History::born(const Birth& birth) {
    ensure(!knows(birth.member), "a member is born once");
    ensure(birth.configuration.size() == space_->size(), "a configuration has one value for each parameter");
    std::uint32_t trials = no_index;
    if (birth.same_trial) {
        const auto known = later_trials_.find(birth.from);
        trials = known != later_trials_.end() ? known->second : (later_trials_[birth.from] = new_family());
    } else if (birth.parent.exists() && at(birth.parent).family == no_index) {
        at(birth.parent).family = new_family();
    }
    const auto number = birth.member.value;
    if (number >= members_.size()) {
        members_.resize(number + 1);
        units_.resize((number + 1) * space_->size());
        values_.resize((number + 1) * space_->size());
    }
    auto& member = members_[number];
    member = {.parent = birth.parent,
              .from = birth.from,
              .before = birth.parent.exists() && !birth.same_trial ? at(birth.parent).trainings() : 0,
              .trials = trials,
              .known = true};
    const auto offset = static_cast<std::ptrdiff_t>(number * space_->size());
    std::ranges::copy(space_->to_unit(birth.configuration), units_.begin() + offset);
    std::ranges::copy(birth.configuration, values_.begin() + offset);
    family_of(member).pending.insert(birth.member);
}

void History::observe(const Observation& observation) {
    if (observation.failure != Infeasibility::none) return fail(observation.member, observation.failure);
    auto told = observation;
    if (!std::isfinite(told.objective)) told.objective = infinity;
    auto& member = at(told.member);
    auto& family = family_of(member);
    family.pending.erase(told.member);
    if (!member.parent.exists()) levels_[told.resource].set(told.member, told.objective, told.resource);

    const bool furthest = member.report == no_index || told.resource >= reports_[member.report].resource;
    if (member.report == no_index) ran_.push_back(told.member);
    const bool is_new = add_report(member, told);
    if (is_new) ++member.trained;
    if (!furthest) return;
    family.latest.set(told.member, told.objective, told.resource);
    if (is_new) add_step(told.member);
}

void History::fail(MemberId id, Infeasibility kind) {
    auto& member = at(id);
    auto& family = family_of(member);
    family.pending.erase(id);
    if (member.failure != Infeasibility::none) return;
    member.failure = kind;
    failed(kind).push_back(id);
    family.latest.erase(id);
    if (member.parent.exists()) return;
    for (auto report = member.report; report != no_index; report = reports_[report].before) {
        const auto level = levels_.find(reports_[report].resource);
        level->second.erase(id);
        if (level->second.by_member.empty()) levels_.erase(level);
    }
}

std::size_t History::failures() const {
    std::size_t all = 0;
    for (const auto& members : failed_) all += members.size();
    return all;
}

std::vector<Trial> History::feasibility(Infeasibility kind, std::size_t cap) const {
    ensure(cap >= 2, "History::feasibility needs cap >= 2");
    const auto& failed = this->failed(kind);
    if (failed.empty()) return {};
    std::vector<Trial> trials;
    const auto add = [&](MemberId id, bool has_failed) {
        auto& trial = trials.emplace_back(make_trial(id));
        trial.time = static_cast<double>(at(id).before);
        trial.failed = has_failed;
    };
    const auto most = cap - std::min(failed.size(), cap / 2);
    for (auto id = ran_.rbegin(); id != ran_.rend() && trials.size() < most; ++id) {
        if (at(*id).failure != kind) add(*id, false);
    }
    const auto rest = std::min(failed.size(), cap - trials.size());
    for (auto id = failed.rbegin(); id != failed.rbegin() + static_cast<std::ptrdiff_t>(rest); ++id) add(*id, true);
    std::ranges::sort(trials, {}, &Trial::member);
    return trials;
}

void History::given_up(MemberId member) { family_of(at(member)).pending.erase(member); }

bool History::add_report(Member& member, const Observation& observation) {
    // The list is sorted, and the new observation is nearly always the first.
    auto* place = &member.report;
    while (*place != no_index && reports_[*place].resource > observation.resource) place = &reports_[*place].before;
    if (*place != no_index && reports_[*place].resource == observation.resource) {
        reports_[*place].objective = observation.objective;
        return false;
    }
    const Report report{observation.resource, observation.objective, *place};
    *place = static_cast<std::uint32_t>(reports_.size());
    reports_.push_back(report);
    return true;
}

void History::add_step(MemberId id) {
    const auto& member = at(id);
    const auto& end = reports_[member.report];
    std::optional<double> start;
    Resource since = member.from;
    if (end.before != no_index) {
        start = reports_[end.before].objective;
        since = reports_[end.before].resource;
    } else if (member.parent.exists()) {
        start = objective_at(member.parent, member.from);
    }
    // From a start that has not learned there is no change in numbers.
    if (!start || !std::isfinite(*start) || end.resource <= since) return;
    const bool diverged = !std::isfinite(end.objective);
    const double change = diverged ? infinity : (end.objective - *start) / static_cast<double>(end.resource - since);
    family_of(member).steps.push_back(static_cast<std::uint32_t>(steps_.size()));
    steps_.push_back({id, static_cast<double>(end.resource), change});
}

std::optional<double> History::objective_at(MemberId member, Resource resource) const {
    for (auto i = at(member).report; i != no_index && reports_[i].resource >= resource; i = reports_[i].before) {
        if (reports_[i].resource == resource) return reports_[i].objective;
    }
    return {};
}

std::vector<std::uint32_t> History::families(MemberId parent) const {
    std::vector<std::uint32_t> found{from_scratch};
    for (auto id = parent; id.exists(); id = at(id).parent) {
        if (at(id).family != no_index) found.push_back(at(id).family);
        if (at(id).trials == no_index) continue;
        found.front() = at(id).trials;
        break;
    }
    return found;
}

const History::Scores* History::level() const {
    const Scores* fullest = nullptr;
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
        if (level->second.finite >= min_trials_) return &level->second;
        if (!fullest || level->second.by_member.size() > fullest->by_member.size()) fullest = &level->second;
    }
    return fullest;
}

Trial History::make_trial(MemberId id) const {
    const auto& member = at(id);
    return {.member = id,
            .unit = unit(id),
            .configuration = configuration(id),
            .time = static_cast<double>(member.trainings() - 1),
            .objective = infinity};
}

std::vector<Trial> History::collect(std::span<const Scores* const> scores, std::size_t cap) const {
    struct Row {
        double objective;
        MemberId member;
        Resource resource;
    };
    const auto better = [](const Row& a, const Row& b) {
        return std::pair(a.objective, a.member) < std::pair(b.objective, b.member);
    };
    const auto younger = [](const Row& a, const Row& b) { return a.member > b.member; };

    // No family can need more than cap / 2 of the best and cap of the youngest.
    std::vector<Row> rows;
    for (const auto* one : scores) {
        if (one->by_member.size() <= cap) {
            for (const auto& [member, value] : one->by_member) rows.push_back({value.first, member, value.second});
            continue;
        }
        auto best = one->best.begin();
        for (std::size_t i = 0; i < cap / 2; ++i, ++best)
            rows.push_back({best->first, best->second, one->by_member.at(best->second).second});
        auto youngest = one->by_member.rbegin();
        for (std::size_t i = 0; i < cap; ++i, ++youngest) {
            const auto& [member, value] = *youngest;
            if (std::pair(value.first, member) < *best) continue;  // taken already
            rows.push_back({value.first, member, value.second});
        }
    }
    if (rows.size() > cap) {
        const auto half = rows.begin() + static_cast<std::ptrdiff_t>(cap / 2);
        std::nth_element(rows.begin(), half, rows.end(), better);
        std::nth_element(half, rows.begin() + static_cast<std::ptrdiff_t>(cap), rows.end(), younger);
        rows.resize(cap);
    }
    std::vector<Trial> trials;
    trials.reserve(rows.size());
    for (const auto& row : rows) {
        auto& trial = trials.emplace_back(make_trial(row.member));
        trial.objective = row.objective;
        trial.resource = row.resource;
        trial.diverged = !std::isfinite(row.objective);
    }
    return trials;
}

std::vector<Trial> History::trials(MemberId parent, std::size_t cap) const {
    ensure(cap >= 2, "History::trials needs cap >= 2");
    std::vector<const Scores*> scores;
    const auto lineage = families(parent);
    if (parent.exists()) {
        for (const auto family : lineage) scores.push_back(&families_[family].latest);
    } else if (const auto* best_level = level()) {
        scores.push_back(best_level);
    }
    auto trials = collect(scores, cap);
    for (const auto family : lineage) {
        for (const auto member : families_[family].pending) trials.emplace_back(make_trial(member)).pending = true;
    }
    // Without parent, all trials are read at one resource.
    if (!parent.exists())
        for (auto& trial : trials) trial.time = 0;
    std::ranges::sort(trials, {}, &Trial::member);
    return trials;
}

std::vector<Step> History::steps(MemberId parent, std::size_t cap) const {
    std::vector<std::size_t> numbers;
    const auto tail = [cap](std::size_t size) { return size - std::min(size, cap); };
    if (!parent.exists()) {
        for (auto i = tail(steps_.size()); i < steps_.size(); ++i) numbers.push_back(i);
    } else {
        for (const auto family : families(parent)) {
            const auto& own = families_[family].steps;
            numbers.insert(numbers.end(), own.begin() + static_cast<std::ptrdiff_t>(tail(own.size())), own.end());
        }
        std::ranges::sort(numbers);
        numbers.erase(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(tail(numbers.size())));
    }
    std::vector<Step> steps;
    steps.reserve(numbers.size());
    for (const auto number : numbers) {
        const auto& step = steps_[number];
        steps.push_back({step.member, unit(step.member), configuration(step.member), step.time, step.change,
                         !std::isfinite(step.change)});
    }
    return steps;
}

double History::time_of_child(MemberId parent) const {
    return parent.exists() ? static_cast<double>(at(parent).trainings()) : 0;
}

ConfigurationView History::configuration(MemberId member) const {
    ensure(knows(member), "the history was told of this member's birth");
    return ConfigurationView(values_).subspan(member.value * space_->size(), space_->size());
}

std::span<const double> History::unit(MemberId member) const {
    ensure(knows(member), "the history was told of this member's birth");
    return std::span<const double>(units_).subspan(member.value * space_->size(), space_->size());
}

}  // namespace stemma
