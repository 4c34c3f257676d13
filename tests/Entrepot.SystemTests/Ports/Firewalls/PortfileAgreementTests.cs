using System.Net;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Proof;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>What a portfile says is what the kernel does, beside the rules of others, and afterwards everything is as it was.</summary>
public sealed class PortfileAgreementTests
{
    private static readonly NftablesTarget Target = new();
    private static readonly NodeName Node = NodeName.Parse("n1");

    private static readonly Gen<Opening[]> Openings = Gen.Select(
        Gen.Enum<PortProtocol>().Where(static protocol => protocol != PortProtocol.Sctp), Gen.OneOf(RandomPackets.Ports), Gen.OneOf<string?>(null, "10.77.0.3/32", "10.77.0.4/30", "fd77::/125"),
        static (protocol, port, from) => new Opening(
            port, protocol, port, from is null ? null : IPNetwork.Parse(from), from is null ? new MacAddress(0x02_77_00_00_00_99) : null,
            DateTimeOffset.UtcNow.AddHours(1), "test", "nobody")).Array[0, 2];

    [Fact]
    public async Task A_hundred_portfiles_are_applied_proven_judged_packet_by_packet_and_reverted()
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack");
        await using var network = await VirtualNetwork.CreateAsync(2);
        var (target, sender) = (network[0], network[1]);
        var host = new HostView { Addresses = [target.Address, target.Address6] };
        using var frames = new Frames(sender);
        var judge = new KernelJudge(target, sender, frames);
        var (applied, judged) = (0, 0);
        await Gen.Select(RandomPortfiles.Any, Openings, RandomRulesets.Any, Gen.Bool, RandomPackets.To(target, sender, 60)).SampleAsync(
            async (text, openings, foreign, alone, packets) =>
            {
                var model = Compile(text, openings);
                if (alone || await judge.LoadAsync(Timeless(foreign)) is null)
                    await target.LoadAsync("flush ruleset");
                else
                    await judge.LeaveAsync();
                var others = Read(await judge.ListAsync());
                var before = await target.RulesetAsync();
                var snapshot = await target.RunAsync(Target.Snapshot);

                await target.ApplyAsync(Target, model);
                var ruleset = Read(await judge.ListAsync());
                var proof = RulesetProver.Prove(model, ruleset, ProofContext.ForNftables(host, DateTimeOffset.UtcNow));
                proof.Fault.ShouldBeNull();
                proof.Omitted.ShouldBe(0);
                if (others.Tables.IsEmpty)
                    proof.Findings.ShouldBeEmpty(text);

                await judge.EnterAsync();
                var passed = await judge.AskAsync(packets);
                await judge.LeaveAsync();
                foreach (var packet in packets)
                {
                    var intent = IntentEvaluator.Evaluate(model, packet, DateTimeOffset.UtcNow);
                    var real = passed.Contains(packet.SourcePort);
                    real.ShouldBe(PacketEvaluator.Evaluate(ruleset, packet, host) is { MayAccept: true } verdict && (!verdict.MayDrop || real), $"{packet}\n{text}");
                    var wanted = intent.Intent switch
                    {
                        Intent.Drop => false,
                        Intent.Either => real,
                        // What the rules of others do may itself be uncertain, as after a mark that nobody can foretell.
                        _ => PacketEvaluator.Evaluate(others, packet, host) is { MayAccept: true, MayDrop: true } ? real : PacketEvaluator.Evaluate(others, packet, host).IsAccepted,
                    };
                    if (real != wanted)
                        proof.Findings.ShouldContain(finding => finding.IsWider == real && finding.Ports.Any(span => span.First <= packet.DestinationPort && packet.DestinationPort <= span.Last), $"{intent} but it was {(real ? "accepted" : "dropped")}: {packet}\n{text}");
                    if (others.Tables.IsEmpty)
                        real.ShouldBe(wanted, $"{intent}: {packet}\n{text}");
                    judged++;
                }

                foreach (var answer in await target.RunAsync(Target.Restore(snapshot, [], TimeSpan.Zero)))
                    answer.ExitCode.ShouldBe(0, answer.Error);
                (await target.RulesetAsync()).ShouldBe(before);
                applied++;
            },
            iter: Soak.Rounds(100, 1000), threads: 1);
        TestContext.Current.TestOutputHelper!.WriteLine($"{applied} portfiles, {judged} packets");
        applied.ShouldBeGreaterThanOrEqualTo(100);
    }

    /// <summary>Two witnesses from outside this product: nmap says what a neighbour gets, ss what is bound.</summary>
    [Fact]
    public async Task Nmap_and_ss_say_the_same_as_the_portfile()
    {
        await VirtualNetwork.RequireAsync("nft", "nmap", "ss");
        await using var network = await VirtualNetwork.CreateAsync(3);
        var target = network[0];
        int[] ports = [22, 80, 81, 89, 90, 91, 1023, 1024, 8080];
        var servers = ports.Select(port => target.Serve(port)).ToList();
        try
        {
            await Gen.Select(RandomPortfiles.Any, static text => text).SampleAsync(
                async text =>
                {
                    var model = Compile(text, []);
                    await target.ApplyAsync(Target, model);
                    var bound = (await target.RunAsync("ss", "-Htln")).ShouldSucceed().Output;
                    foreach (var judge in network.Hosts.Skip(1))
                    {
                        var report = (await judge.RunAsync("nmap", "-n", "-Pn", "-sS", "--max-retries", "1", "--min-rate", "500", "-oG", "-", "-p", string.Join(',', ports), target.Address.ToString())).ShouldSucceed().Output;
                        foreach (var port in ports)
                        {
                            bound.ShouldContain($"{target.Address}:{port} ");
                            var packet = new Packet(PortProtocol.Tcp, judge.Address, target.Address, 40000, port) { SourceMac = judge.Mac };
                            var admitted = IntentEvaluator.Evaluate(model, packet, DateTimeOffset.UtcNow).Intent != Intent.Drop;
                            report.ShouldContain($" {port}/{(admitted ? "open" : "filtered")}/tcp", Case.Sensitive, $"{text}\n{report}");
                        }
                    }
                },
                iter: Soak.Rounds(6, 60), threads: 1);
        }
        finally
        {
            servers.ForEach(static server => server.Dispose());
        }
    }

    /// <summary>Without what changes by itself: counters and time left.</summary>
    private static string Timeless(string rules)
        => rules.Replace("counter", "", StringComparison.Ordinal).Replace("timeout 1h", "", StringComparison.Ordinal);

    private static RuleModel Compile(string text, Opening[] openings)
    {
        var portfile = PortfileReader.Read(text, "portfile.yaml").Require();
        var compiled = RuleCompiler.Compile(portfile, Node, "here", [], openings, DateTimeOffset.UtcNow);
        compiled.Faults.ShouldBeEmpty(text);
        return compiled.Model!;
    }

    private static Ruleset Read(string json)
    {
        NftablesReader.TryRead(json, out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
        return ruleset!;
    }
}
