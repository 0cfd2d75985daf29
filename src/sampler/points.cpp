#include "sampler/points.hpp"

#include "core/error.hpp"
#include "sampler/inheritance.hpp"

namespace stemma {
namespace {

class PointsSampler final : public Sampler {
public:
    PointsSampler(std::shared_ptr<const SearchSpace> space, std::vector<Configuration> first,
                  std::unique_ptr<Sampler> then)
        : space_(std::move(space)), births_(space_), first_(std::move(first)), then_(std::move(then)) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        by_points_ = request.index < first_.size();
        if (by_points_) return given(first_[request.index], births_.of(request.parent));
        if (!then_) return {};
        auto later = request;
        later.index -= first_.size();
        return then_->propose(later);
    }
    void born(const Birth& birth) override {
        births_.born(birth);
        if (then_) then_->born(birth);
    }
    void observe(const Observation& observation) override {
        if (then_) then_->observe(observation);
    }
    void given_up(MemberId member) override {
        if (then_) then_->given_up(member);
    }
    std::span<const WantedFit> wanted_fits() const override {
        return then_ ? then_->wanted_fits() : std::span<const WantedFit>{};
    }
    void fitted(std::uint64_t number, std::span<const double> model) override {
        if (then_) then_->fitted(number, model);
    }
    ProposalBasis basis() const override { return by_points_ || !then_ ? ProposalBasis::current : then_->basis(); }
    std::optional<std::uint64_t> used_up() const override { return then_ ? then_->used_up() : std::nullopt; }
    std::optional<std::uint8_t> chosen() const override { return then_ ? then_->chosen() : std::nullopt; }
    std::string describe() const override {
        return std::to_string(first_.size()) + (first_.size() == 1 ? " given point" : " given points") +
               (then_ ? ", then " + then_->describe() : "");
    }

private:
    /// The point with the inherited values in it, or the parent's configuration if that is forbidden.
    Configuration given(const Configuration& point, ConfigurationView parent) const {
        if (parent.empty()) return point;
        auto child = child_at(*space_, space_->to_unit(point), parent);
        if (!space_->allowed(child)) child.assign(parent.begin(), parent.end());
        return child;
    }

    std::shared_ptr<const SearchSpace> space_;
    BornConfigurations births_;
    std::vector<Configuration> first_;
    std::unique_ptr<Sampler> then_;
    bool by_points_ = false;  ///< the last proposal
};

}  // namespace

std::unique_ptr<Sampler> make_points_sampler(std::shared_ptr<const SearchSpace> space, std::vector<Configuration> first,
                                             std::unique_ptr<Sampler> then) {
    for (std::size_t i = 0; i < first.size(); ++i) {
        try {
            space->validate(first[i]);
        } catch (const UserError& error) {
            throw UserError("given point number " + std::to_string(i + 1) + ": " + error.what());
        }
    }
    return std::make_unique<PointsSampler>(std::move(space), std::move(first), std::move(then));
}

}  // namespace stemma
