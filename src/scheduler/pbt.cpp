#include "scheduler/pbt.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "scheduler/pbt_population.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

constexpr std::uint32_t deaths_max = 10;
constexpr std::uint32_t passed_over_max = 64;
constexpr std::size_t looked_at_max = 64;  // of the queue, for one whose weights need not move

class Pbt : public Scheduler {
public:
    explicit Pbt(const PbtSettings& settings) : settings_(settings), population_(settings) {
        for (std::uint32_t slot = 0; slot < settings_.population; ++slot) queue_.push_back(slot);
    }

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }
    std::vector<RungRow> rungs() const override { return {}; }
    bool exhausted() const override { return queue_.empty() && in_flight_ == 0; }
    std::string describe() const override { return description_of(settings_); }
    std::size_t memory_bytes() const override {
        return slot_of_.capacity() * sizeof(std::uint32_t) + population_.memory_bytes();
    }

private:
    void take(const WorkWanted& wanted, Actions& out) {
        while (!queue_.empty()) {
            const auto number = take_from_queue(wanted.placement);
            auto& slot = population_[number];
            if (slot.state == PbtState::waiting) {
                slot.state = PbtState::running;
                ++in_flight_;
                out.push_back(Train{slot.member, next_boundary(slot, slot.reached)});
                return;
            }
            if (ask_birth(number, out)) return;
            slot.state = PbtState::closed;
        }
    }

    std::uint32_t take_from_queue(const Placement* placement) {
        auto chosen = queue_.begin();
        if (placement != nullptr && passed_over_ < passed_over_max) {
            const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), looked_at_max));
            const auto stays = std::find_if(queue_.begin(), end, [&](std::uint32_t number) {
                const auto& slot = population_[number];
                return slot.state == PbtState::waiting && slot.reached <= population_[queue_.front()].reached &&
                       placement->stays(slot.member);
            });
            if (stays != end) chosen = stays;
        }
        passed_over_ = chosen == queue_.begin() ? 0 : passed_over_ + 1;
        const auto number = *chosen;
        queue_.erase(chosen);
        return number;
    }

    Resource next_boundary(const PbtSlot& slot, Resource reached) const {
        const auto step = settings_.interval * settings_.periods[slot.group];
        return step < settings_.max - reached ? reached + step : settings_.max;
    }

    bool ask_birth(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        const bool first = !slot.member.exists();
        const auto donor = first ? std::nullopt : population_.draw_donor(number);
        if (!donor && !first && someone_finished_) return false;
        birth_ = number;
        birth_donor_ = donor;
        if (!donor) {
            out.push_back(Create{.to = next_boundary(slot, 0)});
            return true;
        }
        const auto& from = population_[*donor];
        Create create{.to = next_boundary(slot, from.reached),
                      .parent = from.member,
                      .generation = from.generation + 1,
                      .cause = BirthCause::exploit};
        if (population_.only_weights(number, *donor)) create.same_as = create.donor = slot.member;
        out.push_back(create);
        return true;
    }

    void take(const Created& created, Actions&) {
        ensure(created.member.value == slot_of_.size(), "members are numbered in order of birth");
        slot_of_.push_back(birth_);
        population_.settle(birth_, created.member, birth_donor_);
        ++in_flight_;
    }

    void take(const NoMoreMembers&, Actions&) {
        no_more_ = true;
        population_[birth_].state = PbtState::closed;
        close_vacancies();
    }

    /// Slots that wait for a birth which will not come.
    void close_vacancies() {
        std::erase_if(queue_, [&](std::uint32_t number) {
            auto& slot = population_[number];
            if (slot.state != PbtState::vacant) return false;
            slot.state = PbtState::closed;
            return true;
        });
    }

    void take(const ParentLost& lost, Actions&) {
        population_.unrank(slot_of_[lost.parent.value]);
        queue_.push_front(birth_);
    }

    void take(const TimePassed&, Actions&) {}

    void take(const Reported& report, Actions& out) {
        const auto number = slot_of_[report.member.value];
        auto& slot = population_[number];
        ensure(slot.member == report.member && slot.state == PbtState::running,
               "a report comes from a member that was asked to train");
        --in_flight_;
        slot.reached = report.resource;
        if (!std::isfinite(report.objective)) {
            out.push_back(Release{report.member});
            population_.unrank(number);
            slot.objective = report.objective;
            lose(number);
            return;
        }
        population_.rank(number, report.objective);
        slot.deaths = 0;
        const double priority = retention_priority(0, report.objective);
        if (report.resource >= settings_.max) {
            population_.unrank(number);
            slot.state = PbtState::finished;
            someone_finished_ = true;
            out.push_back(Keep{report.member, priority, false});
        } else if (!no_more_ && report.resource >= settings_.burn_in && population_.gives_up(number)) {
            population_.retire(number);
            out.push_back(Release{report.member});
            slot.state = PbtState::vacant;
            queue_.push_back(number);
        } else {
            // Durable: on resume it goes on, and may be a donor.
            out.push_back(Keep{report.member, certain_to_go_on + priority, true});
            slot.state = PbtState::waiting;
            queue_.push_back(number);
        }
    }

    /// The slot's member has died: a child of somebody takes its place.
    void lose(std::uint32_t number) {
        auto& slot = population_[number];
        const bool queued = slot.state == PbtState::waiting;
        slot.state = no_more_ || ++slot.deaths >= deaths_max ? PbtState::closed : PbtState::vacant;
        if (slot.state == PbtState::closed) {
            if (queued) std::erase(queue_, number);
        } else if (!queued) {
            queue_.push_back(number);
        }
    }

    void take(const GivenUp& given_up, Actions&) {
        const auto number = slot_of_[given_up.member.value];
        auto& slot = population_[number];
        // One that gave up before is no longer in its slot.
        if (slot.member != given_up.member || slot.state == PbtState::vacant || slot.state == PbtState::closed) return;
        if (slot.state == PbtState::finished) {
            slot.state = PbtState::closed;
            return;
        }
        if (slot.state == PbtState::running) --in_flight_;
        population_.unrank(number);
        lose(number);
    }

    void take(const Extended& extended, Actions&) {
        no_more_ = false;
        const bool further = extended.max_resource > settings_.max;
        if (further) {
            settings_.max = extended.max_resource;
            someone_finished_ = false;
        }
        for (std::uint32_t number = 0; number < population_.size(); ++number) {
            auto& slot = population_[number];
            if (slot.state == PbtState::finished && further) {
                slot.state = PbtState::waiting;
                population_.rank(number, slot.objective);
                queue_.push_back(number);
            } else if (slot.state == PbtState::closed) {
                slot.state = PbtState::vacant;
                slot.deaths = 0;
                queue_.push_back(number);
            }
        }
    }

    PbtSettings settings_;
    PbtPopulation population_;
    std::vector<std::uint32_t> slot_of_;  ///< by member
    std::deque<std::uint32_t> queue_;     ///< slots, waiting or vacant
    std::uint32_t passed_over_ = 0;       ///< times that its front was, in a row
    std::uint32_t birth_ = 0;             ///< slot of the member asked for
    std::optional<std::uint32_t> birth_donor_;
    std::uint64_t in_flight_ = 0;
    bool someone_finished_ = false;
    bool no_more_ = false;
};

void check(bool good, const char* what) {
    if (!good) throw UserError(std::string("scheduler: ") + what);
}

}  // namespace

PbtSettings pbt_published() { return {}; }

PbtSettings pbt_ray() {
    PbtSettings settings;
    settings.bottom = settings.top = 0.25;
    return settings;
}

std::unique_ptr<Scheduler> make_pbt(const PbtSettings& settings) {
    check(settings.population >= 1, "population must be >= 1");
    check(settings.interval >= 1, "interval must be >= 1");
    check(settings.max >= settings.interval, "max must be >= interval");
    check(settings.burn_in >= 0, "burn_in must be >= 0");
    check(settings.bottom > 0 && settings.bottom <= 0.5, "bottom must be in (0, 0.5]");
    check(settings.top > 0 && settings.top <= 0.5, "top must be in (0, 0.5]");
    check(settings.t_test_reports >= 2, "t_test_reports must be >= 2");
    check(settings.t_test_level > 0 && settings.t_test_level < 1, "t_test_level must be in (0, 1)");
    check(!settings.periods.empty() && settings.periods.size() <= settings.population,
          "periods must name between 1 and population sub-populations");
    for (const auto period : settings.periods) check(period >= 1, "each of periods must be >= 1");
    check(settings.migration >= 0 && settings.migration <= 1, "migration must be in [0, 1]");
    return std::make_unique<Pbt>(settings);
}

}  // namespace stemma
