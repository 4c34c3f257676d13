using CsCheck;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Iptables;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>The evaluator says of every packet what the kernel does with it.</summary>
public sealed class KernelAgreementTests
{
    private const int PacketsPerRuleset = 40;

    [Fact]
    public async Task The_evaluator_agrees_with_the_kernel_packet_by_packet()
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack");
        await using var network = await VirtualNetwork.CreateAsync(2);
        var (target, sender) = (network[0], network[1]);
        var host = new HostView { Addresses = [target.Address, target.Address6] };
        using var frames = new Frames(sender);
        var judge = new KernelJudge(target, sender, frames);
        var (judged, doubted) = (0, 0);
        await Gen.Select(RandomRulesets.Any, RandomPackets.To(target, sender, PacketsPerRuleset)).SampleAsync(
            async (rules, packets) =>
            {
                if (await judge.LoadAsync(rules) is not { } json)
                    return; // two conditions that nft does not want together
                NftablesReader.TryRead(json, out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
                ruleset = ruleset!.Without(RuleFamily.Inet, KernelJudge.Table);
                var passed = await judge.AskAsync(packets);
                foreach (var packet in packets)
                {
                    var verdict = PacketEvaluator.Evaluate(ruleset, packet, host);
                    var real = passed.Contains(packet.SourcePort);
                    (real ? verdict.MayAccept : verdict.MayDrop).ShouldBeTrue($"{packet}\nwas {(real ? "accepted" : "dropped")} but: {string.Join("; ", (verdict.Accepted ?? verdict.Dropped)!.Value)}\n{rules}");
                    judged++;
                    doubted += verdict.MayAccept && verdict.MayDrop ? 1 : 0;
                }
            },
            iter: Soak.Rounds(60, 2000), threads: 1);
        TestContext.Current.TestOutputHelper!.WriteLine($"{judged} packets judged, {doubted} of them with doubts");
        judged.ShouldBeGreaterThan(1000);
        doubted.ShouldBeLessThan(judged / 20, "a rule that is modelled leaves no doubt");
    }

    [Fact]
    public async Task The_evaluator_agrees_with_the_kernel_about_iptables()
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack", "iptables-save");
        await using var network = await VirtualNetwork.CreateAsync(2);
        var (target, sender) = (network[0], network[1]);
        var host = new HostView { Addresses = [target.Address, target.Address6] };
        using var frames = new Frames(sender);
        var judge = new KernelJudge(target, sender, frames);
        var judged = 0;
        await Gen.Select(RandomIptables.Any, RandomPackets.To(target, sender, PacketsPerRuleset)).SampleAsync(
            async (rules, packets) =>
            {
                await judge.LoadAsync("");
                var restored = await target.RunWithInputAsync(rules, "iptables-restore");
                restored.ExitCode.ShouldBe(0, $"{restored.Error}\n{rules}");
                var listing = (await target.RunAsync("iptables-save")).ShouldSucceed().Output;
                IptablesReader.TryRead(listing, six: false, null, out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
                var passed = await judge.AskAsync(packets);
                foreach (var packet in packets)
                {
                    var verdict = PacketEvaluator.Evaluate(ruleset!, packet, host);
                    (verdict.MayAccept, verdict.MayDrop).ShouldBe((passed.Contains(packet.SourcePort), !passed.Contains(packet.SourcePort)), $"{packet}\n{listing}");
                    judged++;
                }
            },
            iter: Soak.Rounds(40, 1000), threads: 1);
        TestContext.Current.TestOutputHelper!.WriteLine($"{judged} packets judged");
    }
}
