// A task that owns its steps (here: weights averaged over the last steps), with Stemma's snapshots of modules and
// optimizers.

#include <stemma.hpp>
#include <stemma_torch.hpp>

namespace {

class Averaging : public stemma::Trainer {
public:
    static std::vector<stemma::MetricInfo> metrics_of_task() { return {{"valid_loss"}}; }

    explicit Averaging(const stemma::TaskContext& context) : threads_(static_cast<int>(context.threads)) {
        auto draw = at::make_generator<at::CPUGeneratorImpl>(context.run_seed);
        x_ = torch::randn({1000, 8}, draw);
        y_ = torch::sin(x_.select(1, 0)) + x_.select(1, 1) * x_.select(1, 2);
    }

    std::span<const stemma::MetricInfo> metrics() const override { return metrics_; }
    std::string describe() const override { return "averaged weights"; }

    stemma::TrainResult train(const stemma::TrainRequest& request) override {
        auto reached = request.from;
        try {
            return run(request, reached);
        } catch (const std::exception& error) {
            return stemma::classify(error, reached);  // out of memory, not finite, a snapshot of another task, ...
        }
    }

private:
    static torch::nn::Sequential net() {
        return torch::nn::Sequential(torch::nn::Linear(8, 32), torch::nn::ReLU(), torch::nn::Linear(32, 1));
    }

    double loss(torch::nn::Sequential& model) {
        const torch::NoGradGuard no_grad;
        return torch::mse_loss(model->forward(x_.slice(0, 800)).squeeze(1), y_.slice(0, 800)).item<double>();
    }

    stemma::TrainResult run(const stemma::TrainRequest& request, stemma::Resource& reached) {
        at::set_num_threads(threads_);
        torch::manual_seed(request.seed);
        const double decay = request.configuration.real("decay");
        auto model = net(), average = net();
        torch::optim::SGD optimizer(model->parameters(),
                                    torch::optim::SGDOptions(request.configuration.real("lr")).momentum(0.9));
        auto averaged = average->parameters();
        if (request.start != nullptr) {
            stemma::load_module(*model, *request.start);
            stemma::load_optimizer(optimizer, "sgd", *request.start);
            for (std::size_t i = 0; i < averaged.size(); ++i)
                stemma::restore_tensor(averaged[i].detach(), "average/" + std::to_string(i), *request.start);
        } else {
            const torch::NoGradGuard no_grad;
            for (std::size_t i = 0; i < averaged.size(); ++i) averaged[i].copy_(model->parameters()[i]);
        }
        stemma::Trained trained;
        while (reached < request.to) {
            torch::manual_seed(request.seed + static_cast<std::uint64_t>(reached) + 1);
            for (const auto& rows : torch::randperm(800).split(50)) {
                optimizer.zero_grad();
                torch::mse_loss(model->forward(x_.index_select(0, rows)).squeeze(1), y_.index_select(0, rows))
                    .backward();
                optimizer.step();
                const torch::NoGradGuard no_grad;
                for (std::size_t i = 0; i < averaged.size(); ++i) averaged[i].lerp_(model->parameters()[i], 1 - decay);
            }
            trained.rows.push_back({++reached, {loss(average)}});
            if (request.progress) request.progress(trained.rows.back());
            if (request.stop != nullptr && *request.stop) break;
        }
        trained.reached = reached;
        stemma::save_module(*model, trained.snapshot);
        stemma::save_optimizer(optimizer, "sgd", trained.snapshot);
        for (std::size_t i = 0; i < averaged.size(); ++i)
            stemma::save_tensor(averaged[i], "average/" + std::to_string(i), trained.snapshot);
        return trained;
    }

    int threads_;
    std::vector<stemma::MetricInfo> metrics_ = metrics_of_task();
    torch::Tensor x_, y_;
};

}  // namespace

int main(int argc, char** argv) { return stemma::main(argc, argv, {stemma::trainer<Averaging>("averaging")}); }
