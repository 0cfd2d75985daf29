#include "scheduler/pasha.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/common_keys.hpp"
#include "scheduler/halving_options.hpp"
#include "scheduler/rungs.hpp"

namespace stemma {

namespace {

using Curve = std::vector<UnitResult>;  // ascending

std::vector<Field<PashaSettings>> fields() {
    using S = PashaSettings;
    return {scheduler_keys::max<S>(), scheduler_keys::min<S>(), scheduler_keys::eta<S>()};
}

std::vector<Contradiction> contradictions(const PashaSettings& settings) {
    return halving_contradictions(settings.min, settings.max, settings.eta, 0, 0);
}

/// The difference of two curves that cross and cross back, at their last common unit in (from, to]. The order at this
/// unit must have been the opposite at an earlier unit, and the same before that. Otherwise nothing.
std::optional<double> difference_after_crossing_back(const Curve& a, const Curve& b, Resource from, Resource to) {
    std::optional<double> last;
    bool turned = false;
    auto of_a = a.rbegin();
    auto of_b = b.rbegin();
    while (of_a != a.rend() && of_b != b.rend()) {
        if (of_a->resource != of_b->resource) {
            ++(of_a->resource > of_b->resource ? of_a : of_b);
            continue;
        }
        const double difference = of_a->objective - of_b->objective;
        const auto unit = of_a->resource;
        ++of_a;
        ++of_b;
        if (!last) {
            if (unit > to) continue;
            if (unit <= from || difference == 0) return std::nullopt;
            last = difference;
        } else if (!turned) {
            turned = difference * *last < 0;
        } else if (difference * *last > 0) {
            return std::abs(*last);
        }
    }
    return std::nullopt;
}

/// An ASHA whose largest resource is the highest unlocked rung. Unlocking a rung extends it.
class Pasha final : public Scheduler {
public:
    explicit Pasha(const PashaSettings& settings)
        : settings_(settings),
          ladder_(rung_resources(settings.min, settings.max, settings.eta)),
          top_(std::min<std::size_t>(1, ladder_.size() - 1)),
          asha_(make_asha({.min = settings.min, .max = ladder_[top_], .eta = settings.eta})) {}

    void on(const Event& event, Actions& out) override {
        if (std::holds_alternative<event::NoMoreMembers>(event)) no_more_ = true;
        if (std::holds_alternative<event::Created>(event)) curves_.emplace_back();
        if (const auto* extended = std::get_if<event::Extended>(&event)) {
            no_more_ = false;
            if (extended->max_resource > ladder_.back())
                extend_rungs(ladder_, settings_.min, extended->max_resource, settings_.eta);
            top_ = std::max(top_, std::min<std::size_t>(1, ladder_.size() - 1));
            asha_->on(event::Extended{ladder_[top_]}, out);
            return;
        }
        asha_->on(event, out);
        if (const auto* report = std::get_if<event::Report>(&event)) {
            remember(*report);
            if (top_ > 0 && report->resource == ladder_[top_] && std::isfinite(report->objective))
                finished_top(report->member, out);
        }
    }

    std::vector<RungRow> rungs() const override { return asha_->rungs(); }
    bool exhausted() const override { return asha_->exhausted(); }
    std::string describe() const override {
        return "PASHA: eta " + std::to_string(settings_.eta) + ", rungs" + ladder_text(ladder_) + ", unlocked up to " +
               std::to_string(ladder_[top_]);
    }
    std::size_t memory_bytes() const override {
        return asha_->memory_bytes() + curves_.capacity() * sizeof(Curve) + units_ * sizeof(UnitResult);
    }

private:
    void remember(const event::Report& report) {
        auto& curve = curves_[report.member.value];
        const auto add = [&](const UnitResult& unit) {
            if (!std::isfinite(unit.objective) || (!curve.empty() && unit.resource <= curve.back().resource)) return;
            curve.push_back(unit);
            ++units_;
        };
        for (const auto& unit : report.curve) add(unit);
        add({report.resource, report.objective});
    }

    double objective_at(MemberId member, Resource resource) const {
        const auto& curve = curves_[member.value];
        const auto at = std::ranges::lower_bound(curve, resource, {}, &UnitResult::resource);
        ensure(at != curve.end() && at->resource == resource, "a promoted member has finished the rung below");
        return at->objective;
    }

    /// `members_` by their objective in this rung.
    std::vector<RankedMember> ranked(Resource rung) const {
        std::vector<RankedMember> out;
        for (const auto member : members_) out.push_back({member, objective_at(member, rung)});
        std::ranges::sort(out, [](const RankedMember& a, const RankedMember& b) {
            return a.objective != b.objective ? a.objective < b.objective : a.member < b.member;
        });
        return out;
    }

    void finished_top(MemberId member, Actions& out) {
        const auto below = ladder_[top_ - 1];
        const auto level = ladder_[top_];
        for (const auto other : members_) {
            const auto difference =
                difference_after_crossing_back(curves_[member.value], curves_[other.value], below, level);
            if (difference) differences_.push_back(*difference);
        }
        members_.push_back(member);
        if (members_.size() < 2) {
            epsilon_ = 0;
            return;
        }
        if (!differences_.empty()) epsilon_ = pasha_epsilon(differences_);
        if (top_ + 1 < ladder_.size() && !ranks_agree(ranked(below), ranked(level), epsilon_)) unlock(out);
    }

    void unlock(Actions& out) {
        ++top_;
        members_.clear();
        differences_.clear();
        asha_->on(event::Extended{ladder_[top_]}, out);
        if (no_more_) asha_->on(event::NoMoreMembers{}, out);  // that has not changed
    }

    PashaSettings settings_;
    std::vector<Resource> ladder_;  ///< all rungs, those that are not unlocked included
    std::size_t top_;               ///< the highest unlocked one
    std::unique_ptr<Scheduler> asha_;
    std::vector<Curve> curves_;        ///< by member
    std::vector<MemberId> members_;    ///< that have finished the highest unlocked rung
    std::vector<double> differences_;  ///< of pairs of these whose curves cross and cross back
    double epsilon_ = 0;
    std::size_t units_ = 0;  ///< in curves_
    bool no_more_ = false;
};

}  // namespace

bool ranks_agree(const std::vector<RankedMember>& below, const std::vector<RankedMember>& top, double epsilon) {
    for (std::size_t i = 0; i < below.size(); ++i) {
        const auto near = [&](std::size_t j) { return std::abs(below[j].objective - below[i].objective) <= epsilon; };
        const auto wanted = top[i].member;
        bool found = below[i].member == wanted;
        for (auto j = i + 1; !found && j < below.size() && near(j); ++j) found = below[j].member == wanted;
        for (auto j = i; !found && j > 0 && near(j - 1); --j) found = below[j - 1].member == wanted;
        if (!found) return false;
    }
    return true;
}

double pasha_epsilon(std::vector<double> differences) {
    ensure(!differences.empty(), "a percentile is of something");
    std::ranges::sort(differences);
    const double at = 0.9 * static_cast<double>(differences.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const auto high = std::min(low + 1, differences.size() - 1);
    return differences[low] + (at - static_cast<double>(low)) * (differences[high] - differences[low]);
}

std::unique_ptr<Scheduler> make_pasha(const PashaSettings& settings) {
    require_settings("scheduler", fields(), settings, contradictions);
    return std::make_unique<Pasha>(settings);
}

std::vector<RungRow> expected_rungs(const PashaSettings& settings, std::uint64_t members) {
    return expected_rungs(AshaSettings{.min = settings.min, .max = settings.max, .eta = settings.eta}, members);
}

SchedulerDescriptor pasha_descriptor() {
    return {
        .name = "pasha",
        .summary =
            "progressive asha: the highest rung is the second one at first; a further rung is unlocked when the "
            "members of the highest rung change places there by more than their curves' noise",
        .example = "[scheduler]\ntype = \"pasha\"\nmin = 1\nmax = 81\n",
        .traits = {.early_results = true},
        .defaults = PashaSettings(),
        .fields = erased(fields()),
        .check = contradictions,
        .make = [](const PashaSettings& settings, std::uint64_t) { return make_pasha(settings); },
        .rungs = [](const PashaSettings& settings, std::uint64_t members) { return expected_rungs(settings, members); },
    };
}

}  // namespace stemma
