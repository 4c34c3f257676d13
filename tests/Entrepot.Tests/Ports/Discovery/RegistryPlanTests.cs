using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Discovery;

namespace Entrepot.Tests.Ports.Discovery;

public sealed class RegistryPlanTests
{
    private static readonly Gen<ServiceInstance> Instance = Gen.Select(
        Gen.Int[0, 3], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Long[1, 3],
        static (service, node, port, generation) => Make($"service-{service}", $"n{node}", port, generation));

    [Fact]
    public void What_the_plan_does_makes_the_registry_right_and_never_takes_a_generation_back()
        => Gen.Select(Instance.List[0, 8], Instance.List[0, 8], Gen.Bool).Sample((wanted, before, canRenew) =>
        {
            List<ServiceInstance> published = [.. before.DistinctBy(static instance => instance.Id)];

            var plan = RegistryPlan.Compare(wanted, [.. published.Select(instance => new PublishedInstance(instance, canRenew))]);

            var after = published.Except(plan.Withdraw).ToDictionary(static instance => instance.Id);
            foreach (var instance in plan.Publish)
                after[instance.Id] = instance;
            foreach (var instance in wanted.DistinctBy(static instance => instance.Id))
            {
                after.ShouldContainKey(instance.Id);
                after[instance.Id].Generation.ShouldBeGreaterThanOrEqualTo(instance.Generation);
                if (!plan.Superseded.Contains(instance))
                    after[instance.Id].ShouldBe(instance);
            }

            foreach (var known in published.Where(known => after.ContainsKey(known.Id)))
                after[known.Id].Generation.ShouldBeGreaterThanOrEqualTo(known.Generation);
            after.Keys.Except(wanted.Select(static instance => instance.Id)).ShouldBeEmpty();
            plan.Renew.ShouldAllBe(instance => canRenew && published.Contains(instance));
        });

    [Fact]
    public void An_instance_survives_being_written_and_read()
    {
        var instance = Make("edge", "n1", 54321, 7) with { Tags = ["public", "http"], Address = "mirror.example.org" };

        ServiceInstance.TryRead(instance.Write(), out var read).ShouldBeTrue();
        read.ShouldBe(instance);
        instance.Write().ShouldBe(
            """{"publisher":"origin","service":"edge","node":"n1","site":"local","address":"mirror.example.org","port":54321,"protocol":"tcp","generation":7,"tags":["public","http"]}""");
    }

    [Fact]
    public void What_is_cut_short_or_something_else_is_not_an_instance()
    {
        var text = Make("edge", "n1", 54321, 7).Write();
        for (var length = 0; length < text.Length; length++)
            ServiceInstance.TryRead(text[..length], out _).ShouldBeFalse();
        foreach (var other in new[] { "null", "[]", "{}", "3", "\"x\"", text.Replace("54321", "0", StringComparison.Ordinal), text.Replace("\"n1\"", "\"N 1\"", StringComparison.Ordinal), text.Replace("\"local\"", "null", StringComparison.Ordinal) })
            ServiceInstance.TryRead(other, out _).ShouldBeFalse(other);
    }

    internal static ServiceInstance Make(string service, string node = "n1", int port = 8080, long generation = 1)
        => new(NodeName.Parse("origin"), service, NodeName.Parse(node), "local", "127.0.0.1", port, "tcp", generation, ["http"]);
}
