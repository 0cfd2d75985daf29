#include "sampler/distinct.hpp"

#include "core/error.hpp"
#include "sampler/tried.hpp"

namespace stemma {
namespace {

class DistinctSampler final : public Sampler {
public:
    DistinctSampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed, std::unique_ptr<Sampler> base,
                    DistinctSettings settings)
        : base_(std::move(base)), settings_(settings), tried_(space, seed) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        redrawn_ = false;
        if (request.parent.exists()) return base_->propose(request);
        if (used_up_) return std::nullopt;
        auto others = request;
        others.tried = &tried_;
        auto proposal = base_->propose(others);
        if (!proposal || !tried_.contains(*proposal)) return proposal;
        if (auto other = tried_.draw(request.member)) {
            const auto basis = base_->basis();
            redrawn_ = basis == ProposalBasis::current || basis == ProposalBasis::last_model;
            return other;
        }
        const auto all = tried_.used_up();
        if (!all) return proposal;
        if (settings_.rounds) {
            tried_.clear();
            return proposal;
        }
        used_up_ = all;
        return std::nullopt;
    }
    void born(const Birth& birth) override {
        if (!birth.parent.exists()) tried_.add(birth.configuration);
        base_->born(birth);
    }
    void observe(const Observation& observation) override { base_->observe(observation); }
    void given_up(MemberId member) override { base_->given_up(member); }
    std::span<const WantedFit> wanted_fits() const override { return base_->wanted_fits(); }
    void fitted(std::uint64_t number, std::span<const double> model) override { base_->fitted(number, model); }
    ProposalBasis basis() const override { return redrawn_ ? ProposalBasis::redrawn : base_->basis(); }
    std::optional<std::uint64_t> used_up() const override { return used_up_ ? used_up_ : base_->used_up(); }
    std::optional<std::uint8_t> chosen() const override { return base_->chosen(); }
    std::string describe() const override { return base_->describe(); }

private:
    std::unique_ptr<Sampler> base_;
    DistinctSettings settings_;
    Tried tried_;
    std::optional<std::uint64_t> used_up_;
    bool redrawn_ = false;  ///< the last proposal
};

}  // namespace

std::unique_ptr<Sampler> make_distinct_sampler(const std::shared_ptr<const SearchSpace>& space, std::uint64_t seed,
                                               std::unique_ptr<Sampler> base, DistinctSettings settings) {
    ensure(base != nullptr, "distinct configurations come from a base");
    return std::make_unique<DistinctSampler>(space, seed, std::move(base), settings);
}

}  // namespace stemma
