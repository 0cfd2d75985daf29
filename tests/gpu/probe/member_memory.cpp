#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "commands.hpp"
#include "device_counts.hpp"

namespace stemma::gpu {
namespace {

constexpr std::int64_t small_width = 16;

double megabytes(torch::Device device) { return static_cast<double>(*bytes_in_use(device)) / (1 << 20); }

/// Megabytes in use while a member of this width trains, and after it.
struct Use {
    double most, after;
};

Use train(Trainer& trainer, const SearchSpace& space, std::int64_t width, torch::Device device) {
    Use use{0, 0};
    const auto configuration = space.from_literals(std::vector<std::pair<std::string, Literal>>{{"width", width}});
    const auto result = trainer.train({.member = {width == small_width ? 1U : 2U},
                                       .configuration = {space, configuration},
                                       .seed = 3,
                                       .to = 2,
                                       .progress = [&](const MetricRow&) { use.most = megabytes(device); }});
    if (const auto* failure = std::get_if<TrainFailure>(&result)) throw std::runtime_error(failure->message);
    use.after = megabytes(device);
    return use;
}

}  // namespace

int member_memory(const Request& request) {
    const torch::Device device(request.device);
    Parameter width;
    width.name = "width";
    width.domain = Integer{1, 1 << 20, Scale::log, {}};
    const auto space = std::make_shared<const SearchSpace>(std::vector{width});
    auto settings = training(request).settings;
    settings.unit = "epoch";
    settings.fixed.erase("width");
    const auto trainer = make_torch_trainer(settings, space);
    train(*trainer, *space, small_width, device);  // the libraries' own memory
    const auto first = train(*trainer, *space, small_width, device);
    const auto large = train(*trainer, *space, request.width, device);
    const auto last = train(*trainer, *space, small_width, device);
    std::printf("first %.4g\nmost %.4g\nafter %.4g\n", first.after, large.most, last.after);
    return 0;
}

}  // namespace stemma::gpu
