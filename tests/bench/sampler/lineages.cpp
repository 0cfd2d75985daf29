// GPBT's use of a sampler on an artificial training. One lineage, 4 children a generation, 20 generations; the best of
// the children and the parent goes on. The first child repeats its parent's hyperparameters unless the parent was kept.
// A training multiplies the loss by a factor that depends on the distance of five hyperparameters from an optimum. Two
// coordinates of the optimum drift as the loss falls. Prints the final loss (median and quartiles over seeds) of each
// sampler: lower is better. Argument: number of seeds (100).

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include "sampler/explore.hpp"
#include "sampler/random.hpp"
#include "sampler/tpe.hpp"

namespace stemma::bench {
namespace {

constexpr std::uint64_t children = 4, generations = 20;

using Make = std::function<std::unique_ptr<Sampler>(std::shared_ptr<const SearchSpace>, std::uint64_t)>;

std::shared_ptr<const SearchSpace> five() {
    std::vector<Parameter> parameters;
    for (int i = 0; i < 5; ++i) {
        parameters.push_back({"x" + std::to_string(i), Real{}, Role::mutable_value, {}, {}});
    }
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

double train(double loss, const Configuration& point, double drift) {
    const double progress = std::min(1.0, -std::log(loss) / 3);  // 0 at the start, 1 when the loss is 0.05
    const double optimum[] = {0.75 - drift * progress, 0.3 + drift * progress, 0.4, 0.6, 0.5};
    const double weight[] = {1, 0.5, 0.5, 0.15, 0.05};
    double distance = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        const double off = (std::get<double>(point[i]) - optimum[i]) / 0.2;
        distance += weight[i] * off * off;
    }
    return loss * (1.1 - 0.4 * std::exp(-distance / 2));
}

double final_loss(Sampler& sampler, double drift) {
    MemberId parent;
    Configuration last;
    double loss = 1;
    bool kept = false;
    for (std::uint64_t generation = 0; generation < generations; ++generation) {
        MemberId best;
        double best_loss = generation == 0 ? 1e9 : loss;
        Configuration best_point;
        for (std::uint64_t child = 0; child < children; ++child) {
            const MemberId member{generation * children + child};
            const bool repeat = child == 0 && generation > 0 && !kept;
            auto point = repeat ? last : *sampler.propose({member, member.value, parent, {}});
            sampler.born({member, parent, static_cast<Resource>(generation), point});
            const double result = train(loss, point, drift);
            sampler.observe({member, static_cast<Resource>(generation) + 1, result});
            if (result >= best_loss) continue;
            best = member;
            best_loss = result;
            best_point = std::move(point);
        }
        kept = !best.exists();
        if (kept) continue;
        parent = best;
        loss = best_loss;
        last = std::move(best_point);
    }
    return loss;
}

Make tpe(bool multivariate, bool with_time, double width, double gamma, TpeSettings::Good good) {
    TpeSettings settings;
    settings.startup = 1;
    settings.multivariate = multivariate;
    settings.time = with_time ? TpeSettings::Time::kernel : TpeSettings::Time::none;
    settings.time_width = width;
    settings.gamma = gamma;
    settings.good = good;
    return [settings](auto space, std::uint64_t seed) { return make_tpe_sampler(std::move(space), seed, settings); };
}

void print(const char* name, const Make& make, std::uint64_t seeds) {
    for (const double drift : {0.0, 0.4}) {
        std::vector<double> losses;
        for (std::uint64_t seed = 0; seed < seeds; ++seed) losses.push_back(final_loss(*make(five(), seed), drift));
        std::ranges::sort(losses);
        const auto quantile = [&](std::uint64_t quarters) { return losses[quarters * (seeds - 1) / 4]; };
        std::printf("| %s | %.1f | %.4f | %.4f | %.4f |\n", name, drift, quantile(2), quantile(1), quantile(3));
    }
}

}  // namespace
}  // namespace stemma::bench

int main(int argc, char** argv) {
    using namespace stemma;
    using namespace stemma::bench;
    const auto seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100;
    constexpr auto linear = TpeSettings::Good::linear, root = TpeSettings::Good::square_root;
    std::printf("| sampler | drift | median | lower quartile | upper quartile |\n| --- | --- | --- | --- | --- |\n");
    print(
        "random", [](auto space, std::uint64_t seed) { return make_random_sampler(std::move(space), seed); }, seeds);
    print(
        "explore",
        [](auto space, std::uint64_t seed) {
            return make_explore_sampler(space, seed, ExploreSettings::ray(), make_random_sampler(space, seed));
        },
        seeds);
    print("TPE", tpe(false, true, 0.5, 0.1, linear), seeds);
    print("TPE, time width 0.2", tpe(false, true, 0.2, 0.1, linear), seeds);
    print("TPE, time width 1", tpe(false, true, 1, 0.1, linear), seeds);
    print("TPE without time", tpe(false, false, 1, 0.1, linear), seeds);
    print("TPE without time, good = 0.25 sqrt(n)", tpe(false, false, 1, 0.25, root), seeds);
    print("TPE, good = 0.25 sqrt(n)", tpe(false, true, 0.5, 0.25, root), seeds);
    print("TPE, good = sqrt(n)", tpe(false, true, 0.5, 1, root), seeds);
    print("TPE, good = 0.25 n", tpe(false, true, 0.5, 0.25, linear), seeds);
    print("multivariate TPE", tpe(true, true, 0.5, 0.1, linear), seeds);
    print("multivariate TPE, time width 0.2", tpe(true, true, 0.2, 0.1, linear), seeds);
    print("multivariate TPE without time", tpe(true, false, 0.5, 0.1, linear), seeds);
    print("multivariate TPE, good = 0.25 sqrt(n)", tpe(true, true, 0.5, 0.25, root), seeds);
    print("multivariate TPE, good = 0.5 sqrt(n)", tpe(true, true, 0.5, 0.5, root), seeds);
    print("multivariate TPE, good = sqrt(n)", tpe(true, true, 0.5, 1, root), seeds);
    print("multivariate TPE, good = 0.25 n", tpe(true, true, 0.5, 0.25, linear), seeds);
}
