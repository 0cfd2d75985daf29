#include "trainer/torch/hypergradient/raw_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "core/error.hpp"
#include "trainer/torch/state.hpp"

namespace stemma {
namespace {

constexpr double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
constexpr double raw_lr_low = -10, raw_lr_high = 0;
constexpr auto infinity = std::numeric_limits<double>::infinity();

Hyper hyper_number(std::size_t number) { return static_cast<Hyper>(number); }

}  // namespace

RawValues::RawValues(const HyperStart& start, std::int64_t weights, const torch::TensorOptions& options,
                     const HypergradientSettings& settings)
    : settings_(settings), start_(start), per_weight_(weights > 0), rates_(weights > 0 ? weights : 1) {
    std::vector<torch::Tensor> raw;
    for (std::size_t number = 0; number < hyper_count; ++number) {
        const auto hyper = hyper_number(number);
        const auto size = hyper == Hyper::lr ? rates_ : 1;
        raw.push_back(torch::full({size}, raw_from_used(hyper, start.used[number]), options));
        limits_[number] = {-infinity, infinity};
        if (settings.bounds && start.bounded) {
            const auto& [low, high] = start.bounds[number];
            limits_[number] = {raw_from_used(hyper, low), raw_from_used(hyper, high)};
        }
    }
    raw_ = torch::cat(raw);
    auto& [lr_low, lr_high] = limits_[static_cast<std::size_t>(Hyper::lr)];
    lr_low = std::max(lr_low, raw_lr_low);
    lr_high = std::min(lr_high, raw_lr_high);
    first_ = torch::zeros_like(raw_);
    second_ = torch::zeros_like(raw_);
    const auto scalar = options.dtype(torch::kFloat64);
    count_ = torch::zeros({}, scalar);
    norm_ = torch::full({}, std::numeric_limits<double>::quiet_NaN(), scalar);
    skipped_ = torch::zeros({}, scalar);
    clipped_ = torch::zeros({}, scalar);
    truncated_ = torch::zeros({}, scalar);
    bounded_ = torch::zeros({}, scalar);
    loaded_ = counts();
    shares_ = torch::tensor({0.05, 0.5, 0.95}, scalar);
    refresh();
}

torch::Tensor RawValues::part(const torch::Tensor& vector, Hyper hyper) const {
    if (hyper == Hyper::lr) return vector.narrow(0, 0, rates_);
    return vector.narrow(0, rates_ + static_cast<std::int64_t>(hyper) - 1, 1);
}

void RawValues::refresh() {
    for (std::size_t number = 0; number < hyper_count; ++number) {
        const auto hyper = hyper_number(number);
        const auto used = used_from_raw(hyper, part(raw_, hyper));
        used_.value[number] = hyper == Hyper::lr && per_weight_ ? used : used.squeeze(0);
    }
    used_.host.reset();
    if (!raw_.is_cpu() || per_weight_) return;
    auto& host = used_.host.emplace();
    for (std::size_t number = 0; number < hyper_count; ++number) host[number] = used_.value[number].item<double>();
}

/// Only values that move: a constant learning rate may lie outside.
void RawValues::clamp() {
    const auto inside = raw_.clone();
    for (std::size_t number = 0; number < hyper_count; ++number) {
        const auto& [low, high] = limits_[number];
        if (start_.moves[number]) part(inside, hyper_number(number)).clamp_(low, high);
    }
    bounded_ += (inside - raw_).abs().gt(0).any();
    raw_ = inside;
}

torch::Tensor RawValues::counts() const {
    const auto steps = torch::full({}, static_cast<double>(hyper_steps_), count_.options());
    return torch::stack({count_, norm_, skipped_, clipped_, truncated_, bounded_, steps});
}

std::string RawValues::acted() const {
    const auto since = (counts() - loaded_).to(torch::kCPU);
    constexpr std::array<const char*, 4> what = {"left out (not finite)", "clipped to clip_norm",
                                                 "with a series cut short", "stopped at a bound"};
    std::string text;
    for (std::size_t i = 0; i < what.size(); ++i) {
        const auto times = since[static_cast<std::int64_t>(i) + 2].item<double>();
        if (!(times > 0)) continue;
        text += (text.empty() ? "hypergradients: " : ", ") + std::to_string(std::llround(times)) + " " + what[i];
    }
    return text;
}

void RawValues::step(const PerHyper<torch::Tensor>& gradient) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> parts;
    for (std::size_t number = 0; number < hyper_count; ++number) {
        const auto hyper = hyper_number(number);
        parts.push_back(start_.moves[number] && gradient[number].defined()
                            ? (gradient[number] * slope(hyper, used_.value[number])).reshape({-1})
                            : torch::zeros_like(part(raw_, hyper)));
    }
    torch::Tensor keep;  // the values that a skipped step leaves unchanged
    const auto raw_gradient = guarded(torch::cat(parts), keep);
    const auto unless_skipped = [&](torch::Tensor& value, const torch::Tensor& next) {
        value = keep.defined() ? torch::where(keep, value, next) : next;
    };
    unless_skipped(count_, count_ + 1);
    unless_skipped(first_, first_ * beta1 + raw_gradient * (1 - beta1));
    unless_skipped(second_, second_ * beta2 + raw_gradient.square() * (1 - beta2));
    const auto rate = settings_.rate / (1 - torch::pow(beta1, count_));
    const auto spread = torch::sqrt(1 - torch::pow(beta2, count_));
    const auto change = (first_ * rate / (torch::sqrt(second_) / spread + eps)).to(raw_.scalar_type());
    for (std::size_t number = 0; number < hyper_count; ++number) {
        if (!start_.moves[number]) part(change, hyper_number(number)).zero_();
    }
    unless_skipped(raw_, raw_ - change);
    clamp();
    refresh();
}

torch::Tensor RawValues::guarded(torch::Tensor gradient, torch::Tensor& skip) {
    norm_ = gradient.norm().to(torch::kFloat64);
    ++hyper_steps_;
    if (settings_.clip_norm > 0) {
        const auto factor = torch::clamp_max(settings_.clip_norm / norm_, 1.0);
        gradient = gradient * factor.to(gradient.scalar_type());
        clipped_ += factor < 1;
    }
    if (settings_.skip_nonfinite) {
        skip = gradient.isfinite().all().logical_not();
        gradient = torch::where(skip, torch::zeros_like(gradient), gradient);
        skipped_ += skip;
    }
    return gradient;
}

void RawValues::step_lr(const torch::Tensor& ascent, double rate) {
    const torch::NoGradGuard no_grad;
    torch::Tensor skip;  // not used: the skipped change is zero, and there are no moments
    add_to_lr(guarded(ascent, skip) * rate);
}

void RawValues::shift_lr(const torch::Tensor& change) {
    const torch::NoGradGuard no_grad;
    norm_ = change.abs().to(torch::kFloat64);
    ++hyper_steps_;
    add_to_lr(change);
}

void RawValues::add_to_lr(const torch::Tensor& change) {
    raw_ = raw_.clone();
    part(raw_, Hyper::lr).add_(change);
    clamp();
    refresh();
}

HyperPoint RawValues::point() const {
    const torch::NoGradGuard no_grad;
    HyperPoint point;
    const auto rates = part(raw_, Hyper::lr).to(torch::kFloat64);
    // quantile() refuses over 16 million entries. A regular sample is as good.
    const auto stride = rates_ / 1'000'000 + 1;
    const auto quantiles = torch::quantile(rates.slice(0, 0, rates_, stride), shares_);
    const auto others = raw_.narrow(0, rates_ - 1, hyper_count).to(torch::kFloat64);
    const auto host = torch::cat({quantiles, others, counts()}).to(torch::kCPU);  // one wait for all
    const auto* value = host.data_ptr<double>();
    for (std::size_t number = 0; number < hyper_count; ++number) {
        const auto hyper = hyper_number(number);
        point.raw[number] = hyper == Hyper::lr ? value[1] : value[3 + number];
        point.used[number] =
            used_from_raw(hyper, torch::scalar_tensor(point.raw[number], torch::kFloat64)).item<double>();
    }
    point.lr_low = std::pow(10.0, value[0]);
    point.lr_high = std::pow(10.0, value[2]);
    const auto* count = value + 3 + hyper_count;
    point.norm = count[1];
    point.skipped = count[2];
    point.clipped = count[3];
    point.truncated = count[4];
    point.bounded = count[5];
    point.hyper_steps = static_cast<double>(hyper_steps_);
    return point;
}

double RawValues::largest_range(const torch::Tensor& low, const torch::Tensor& high) const {
    const torch::NoGradGuard no_grad;
    // A weight decay of 0 is minus infinity on the raw scale, and never moves.
    const auto range = torch::where(high == low, torch::zeros_like(raw_), high - low).to(torch::kFloat64);
    const auto rates = range.narrow(0, 0, rates_).square().mean().sqrt();
    return torch::maximum(rates, range.narrow(0, rates_, hyper_count - 1).max()).item<double>();
}

void RawValues::save(Snapshot& snapshot) const {
    save_tensor(raw_, "hypergradient/raw", snapshot);
    save_tensor(first_, "hypergradient/adam/first", snapshot);
    save_tensor(second_, "hypergradient/adam/second", snapshot);
    save_tensor(counts(), "hypergradient/counts", snapshot);
    auto used = torch::empty({hyper_count}, torch::kFloat64);
    for (std::size_t number = 0; number < hyper_count; ++number)
        used[static_cast<std::int64_t>(number)] = start_.used[number];
    save_tensor(used, "hypergradient/start", snapshot);
}

void RawValues::load_counts(const Snapshot& snapshot) {
    loaded_ = torch::zeros_like(loaded_);
    restore_tensor(loaded_, "hypergradient/counts", snapshot);
    count_ = loaded_[0].clone();
    norm_ = loaded_[1].clone();
    skipped_ = loaded_[2].clone();
    clipped_ = loaded_[3].clone();
    truncated_ = loaded_[4].clone();
    bounded_ = loaded_[5].clone();
    hyper_steps_ = loaded_[6].item<std::int64_t>();
}

void RawValues::load(const Snapshot& snapshot, bool with_optimizer, const PerHyper<bool>& anew) {
    const torch::NoGradGuard no_grad;
    restore_tensor(raw_, "hypergradient/raw", snapshot);
    const auto start = load_tensor(snapshot, "hypergradient/start", torch::kFloat64);
    if (start.numel() != static_cast<std::int64_t>(hyper_count))
        throw DecodeError("the snapshot's array \"hypergradient/start\" has another shape");
    bool same = true;
    for (std::size_t number = 0; number < hyper_count; ++number) {
        const auto hyper = hyper_number(number);
        const double before = start[static_cast<std::int64_t>(number)].item<double>();
        if (before == start_.used[number] && !anew[number]) continue;
        same = false;
        const double from = raw_from_used(hyper, before), to = raw_from_used(hyper, start_.used[number]);
        auto values = part(raw_, hyper);
        if (std::isfinite(from) && std::isfinite(to) && start_.moves[number] && !anew[number]) {
            values.add_(to - from);
        } else {
            values.fill_(to);
        }
    }
    if (with_optimizer) load_counts(snapshot);
    if (!same) clamp();
    refresh();
    if (!with_optimizer) return;
    if (std::ranges::any_of(anew, std::identity{})) {
        count_.zero_();
        return;
    }
    restore_tensor(first_, "hypergradient/adam/first", snapshot);
    restore_tensor(second_, "hypergradient/adam/second", snapshot);
}

}  // namespace stemma
