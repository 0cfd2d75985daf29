#include "trainer/torch/hypergradient/one_pass.hpp"

#include <cmath>
#include <span>
#include <utility>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "trainer/torch/optimizer_code.hpp"
#include "trainer/torch/state.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {
namespace {

constexpr double baydin_rate = 0.001;
constexpr double factor_low = 0.95, factor_high = 1.01;

void save_moments(const Moments& moments, const std::string& prefix, Snapshot& snapshot) {
    save_tensor(torch::tensor({moments.updates}, torch::kInt64), prefix + "updates", snapshot);
    if (moments.first.defined()) save_tensor(moments.first, prefix + "first", snapshot);
    if (moments.second.defined()) save_tensor(moments.second, prefix + "second", snapshot);
    if (moments.second_most.defined()) save_tensor(moments.second_most, prefix + "second_most", snapshot);
}

Moments load_moments(const Snapshot& snapshot, const std::string& prefix, const torch::Tensor& like) {
    Moments moments;
    auto updates = torch::zeros({1}, torch::kInt64);
    restore_tensor(updates, prefix + "updates", snapshot);
    moments.updates = updates.item<std::int64_t>();
    const auto read = [&](const char* name, torch::Tensor& moment) {
        if (snapshot.find(prefix + name) == nullptr) return;
        moment = torch::zeros_like(like);
        restore_tensor(moment, prefix + name, snapshot);
    };
    read("first", moments.first);
    read("second", moments.second);
    read("second_most", moments.second_most);
    return moments;
}

constexpr auto rule_array = "hypergradient/rule";

/// The rule of the update whose moments a snapshot has. Old snapshots do not name the rule and count as `own`.
std::string rule_in(const Snapshot& snapshot, const std::string& own) {
    const auto* array = snapshot.find(rule_array);
    if (array == nullptr) return own;
    std::string name;
    for (const auto byte : snapshot.content(*array)) name += static_cast<char>(byte);
    return name;
}

/// The hyperparameters whose values a member with another rule than its parent's cannot take over. SGD has no betas,
/// Adam has no momentum.
PerHyper<bool> values_of_another_meaning(const std::string& rule, const std::string& parents) {
    const bool other = torch_optimizer(rule).moves != torch_optimizer(parents).moves;
    PerHyper<bool> anew{};
    for (const auto hyper : {Hyper::momentum, Hyper::beta2}) anew[static_cast<std::size_t>(hyper)] = other;
    return anew;
}

torch::ScalarType type_in_recipe(DType type) {
    if (type == DType::u8) return torch::kUInt8;
    return type == DType::f32 ? torch::kFloat32 : torch::kInt64;
}

}  // namespace

OnePass::OnePass(std::vector<torch::Tensor> parameters, const std::string& optimizer, double eps, bool amsgrad,
                 const HyperStart& start, const HypergradientSettings& settings, std::uint64_t seed)
    : parameters_(std::move(parameters)),
      settings_(settings),
      rule_name_(optimizer),
      rule_(make_update_rule(optimizer, eps, amsgrad)),
      values_(start, settings.variant == "wd_hdlr_m" ? parameters_.flat().numel() : 0, parameters_.flat().options(),
              settings),
      settling_(settings.settle, settings.settle_steps, values_) {
    Stream stream(seed, Purpose::training, 1);
    log10_factor_ = std::log10(factor_low + (factor_high - factor_low) * stream.uniform());
    if (settings_.reset) initial_ = parameters_.flat().clone();
}

std::int64_t OnePass::window() const {
    if (!uses_validation(settings_.variant)) return 0;
    if (settings_.variant == "diff_through_opt") return settings_.window;
    return settings_.variant == "unrolled" ? settings_.interval : 1;
}

/// Weights are set back here and not after a hyper-step, so that the last interval's weights stay.
void OnePass::begin_interval() {
    if (in_interval_ == 0 && settings_.reset && hyper_steps_ > 0) parameters_.point_to(initial_.clone());
}

/// `gradient`: of the loss, before clipping.
torch::Tensor OnePass::plain_update(const Batch& batch, torch::Tensor& gradient) {
    const auto loss = batch.train();
    gradient = plain_gradient(parameters_, loss, 0);
    auto weights = parameters_.flat();
    rule_->advance(weights, clipped({gradient}, settings_.gradient_clip).front(), moments_, values_.used());
    return loss.detach();
}

std::unique_ptr<Curvature> OnePass::by_autograd(const torch::Tensor& loss) const {
    return std::make_unique<AutogradCurvature>(parameters_.parameters(), loss, settings_.gradient_clip);
}

std::unique_ptr<Curvature> OnePass::again(std::vector<torch::Tensor> buffers,
                                          const std::function<std::unique_ptr<Curvature>()>& make) {
    // The buffers are exchanged, not copied, because the graph notices overwritten values.
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> kept;
    for (auto& buffer : buffers) {
        kept.push_back(buffer.detach());
        buffer.set_data(buffer.clone());
    }
    std::unique_ptr<Curvature> curvature;
    {
        const torch::AutoGradMode graph(true);
        curvature = make();
    }
    for (std::size_t i = 0; i < kept.size(); ++i) buffers[i].set_data(kept[i]);
    return curvature;
}

torch::Tensor OnePass::recorded_update(std::unique_ptr<Curvature> curvature) {
    if (recorded_.empty()) {
        window_weights_ = parameters_.flat();
        // Later plain updates change moments in place, but none comes before the window's end.
        window_moments_ = moments_;
    }
    recorded_.emplace_back(parameters_, std::move(curvature), *rule_, moments_, values_.used());
    parameters_.point_to(recorded_.back().after());
    return recorded_.back().loss();
}

torch::Tensor OnePass::update(const Batch& batch) {
    torch::Tensor gradient;
    stepped_ = false;
    if (settling_.settled()) return plain_update(batch, gradient);
    begin_interval();
    const bool record = in_interval_ >= interval() - window();
    if (record && in_interval_ + 1 < interval()) recipes_.push_back(batch.recipe ? batch.recipe() : Recipe{});
    torch::Tensor loss;
    if (record) {
        // Clipping is differentiated too, which only the general way knows.
        auto own = batch.curvature && settings_.gradient_clip == 0 ? batch.curvature() : nullptr;
        loss = recorded_update(own != nullptr ? std::move(own) : by_autograd(batch.train()));
    } else {
        loss = plain_update(batch, gradient);
    }
    if (++in_interval_ == interval()) {
        hyper_step(batch, gradient);
        in_interval_ = 0;
        ++hyper_steps_;
        stepped_ = true;
        settling_.count(values_);
    }
    return loss;
}

void OnePass::hyper_step(const Batch& batch, const torch::Tensor& gradient) {
    if (settings_.variant == "random") return;
    if (settings_.variant == "random_x_lr") {
        values_.shift_lr(torch::full({}, log10_factor_, values_.raw().options()));
        return;
    }
    const auto v = plain_gradient(parameters_, batch.other(), 0);
    if (settings_.variant == "baydin") {
        const torch::NoGradGuard no_grad;
        values_.step_lr(v.dot(gradient), baydin_rate);
        return;
    }
    const auto after = parameters_.flat();
    PerHyper<torch::Tensor> hypergradient;
    if (settings_.variant == "diff_through_opt" || settings_.variant == "unrolled") {
        hypergradient = unrolled_hypergradient(parameters_, recorded_, v);
    } else {
        torch::Tensor truncated;
        hypergradient = implicit_hypergradient(parameters_, recorded_.back(), v, settings_, truncated);
        if (truncated.defined()) values_.count_truncated(truncated);
    }
    parameters_.point_to(after);
    recorded_.clear();
    recipes_.clear();
    window_weights_ = torch::Tensor();
    window_moments_ = Moments();
    values_.step(hypergradient);
}

void OnePass::save(Snapshot& snapshot) const {
    values_.save(snapshot);
    settling_.save(snapshot);
    snapshot.add(rule_array, DType::u8, {static_cast<std::int64_t>(rule_name_.size())},
                 std::as_bytes(std::span(rule_name_)));
    save_moments(moments_, "hypergradient/moments/", snapshot);
    const auto unfinished = static_cast<std::int64_t>(recorded_.size());
    save_tensor(torch::tensor({in_interval_, hyper_steps_, unfinished}, torch::kInt64), "hypergradient/position",
                snapshot);
    if (initial_.defined()) save_tensor(initial_, "hypergradient/initial", snapshot);
    if (recorded_.empty()) return;
    save_tensor(window_weights_, "hypergradient/window/weights", snapshot);
    save_moments(window_moments_, "hypergradient/window/", snapshot);
    for (std::size_t update = 0; update < recipes_.size(); ++update) {
        const auto prefix = "hypergradient/window/" + std::to_string(update) + "/";
        for (std::size_t i = 0; i < recipes_[update].size(); ++i)
            save_tensor(recipes_[update][i], prefix + std::to_string(i), snapshot);
    }
}

void OnePass::load(const Snapshot& snapshot, bool with_optimizer, const Again& again) {
    const auto rule = rule_in(snapshot, rule_name_);
    values_.load(snapshot, with_optimizer, values_of_another_meaning(rule_name_, rule));
    if (again) {
        settling_.load(snapshot, values_);
    } else {
        settling_.begin(values_);
    }
    auto position = torch::zeros({3}, torch::kInt64);
    restore_tensor(position, "hypergradient/position", snapshot);
    if (initial_.defined()) restore_tensor(initial_, "hypergradient/initial", snapshot);
    if (!with_optimizer) return;
    in_interval_ = position[0].item<std::int64_t>();
    hyper_steps_ = position[1].item<std::int64_t>();
    if (rule != rule_name_) return;  // the moments of another rule mean something else; the window begins anew, too
    moments_ = load_moments(snapshot, "hypergradient/moments/", parameters_.flat());
    const auto unfinished = position[2].item<std::int64_t>();
    if (unfinished == 0 || !again) return;
    auto weights = torch::zeros_like(parameters_.flat());
    restore_tensor(weights, "hypergradient/window/weights", snapshot);
    parameters_.point_to(weights);
    moments_ = load_moments(snapshot, "hypergradient/window/", weights);
    for (std::int64_t update = 0; update < unfinished; ++update) {
        const auto prefix = "hypergradient/window/" + std::to_string(update) + "/";
        Recipe recipe;
        const auto* array = snapshot.find(prefix + "0");
        for (std::size_t i = 1; array != nullptr; array = snapshot.find(prefix + std::to_string(i++))) {
            recipe.push_back(load_tensor(snapshot, array->name, type_in_recipe(array->type)));
        }
        recorded_update(again(recipe));
        recipes_.push_back(std::move(recipe));
    }
}

}  // namespace stemma
