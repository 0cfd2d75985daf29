#include "sampler/schedule.hpp"

#include <utility>

#include "core/error.hpp"
#include "sampler/inheritance.hpp"

namespace stemma {
namespace {

void check(const SearchSpace& space, const std::vector<Configuration>& stages) {
    if (stages.empty()) throw UserError("a schedule needs at least one stage; add a [[schedule]]");
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const auto stage = "schedule: stage " + std::to_string(i + 1) + ": ";
        try {
            space.validate(stages[i]);
        } catch (const UserError& error) {
            throw UserError(stage + error.what());
        }
        for (std::size_t p = 0; i > 0 && p < space.size(); ++p) {
            if (inherited(space, p, stages[i - 1]) && stages[i][p] != stages[i - 1][p]) {
                throw UserError(stage + "hyperparameter \"" + space[p].name +
                                "\" changes, but its role says that children inherit it; give it role = \"mutable\" " +
                                "in [space], or the same value in each stage");
            }
        }
    }
}

class ScheduleSampler final : public Sampler {
public:
    explicit ScheduleSampler(std::vector<Configuration> stages) : stages_(std::move(stages)) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        const auto stage = stage_after(request.parent);
        if (stage >= stages_.size()) return {};
        return stages_[stage];
    }
    void born(const Birth& birth) override {
        if (birth.member.value >= stage_of_.size()) stage_of_.resize(birth.member.value + 1);
        stage_of_[birth.member.value] = stage_after(birth.parent);
    }
    std::string describe() const override {
        return "schedule of " + std::to_string(stages_.size()) + (stages_.size() == 1 ? " stage" : " stages");
    }

private:
    std::uint32_t stage_after(MemberId parent) const {
        if (!parent.exists()) return 0;
        ensure(parent.value < stage_of_.size(), "a parent was born");
        return stage_of_[parent.value] + 1;
    }

    std::vector<Configuration> stages_;
    std::vector<std::uint32_t> stage_of_;
};

}  // namespace

std::unique_ptr<Sampler> make_schedule_sampler(const std::shared_ptr<const SearchSpace>& space,
                                               std::vector<Configuration> stages) {
    check(*space, stages);
    return std::make_unique<ScheduleSampler>(std::move(stages));
}

}  // namespace stemma
