using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Server.Agent;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot drill revert</c>: a harmless change that nobody confirms must be taken back in time.</summary>
internal static class DrillRevertCommand
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(10);

    // An address that nobody has (RFC 5737), so that the change lets nobody in.
    private static readonly IPNetwork Nobody = IPNetwork.Parse("192.0.2.1/32");

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var socket = AgentOptions.Socket();
        var command = new ExampleCommand(
            "revert", "A harmless change of the packet filter is left unconfirmed: the watchdog must take it back in time, bit by bit",
            ("entrepot drill revert", "Some seconds; an unused SCTP port is governed meanwhile, nothing else changes"))
        {
            socket,
        };
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            using var agent = new AgentClient(context.SocketPath(socket));
            var result = await RunAsync(agent, environment.Time, cancellation);
            await agent.NoteDrillAsync(
                new DrillNote("revert", result.Passed, result.Seconds, string.Join("; ", result.Steps.Select(static step => $"{step.Text}: {step.Detail}"))), cancellation);
            context.Write(result, ApiJson.Default.DrillDocument, document => DrillCommand.Show(context, document));
            return result.Passed ? ExitCodes.Done : ExitCodes.Negative;
        });
    }

    private static async Task<DrillDocument> RunAsync(AgentClient agent, TimeProvider time, CancellationToken cancellation)
    {
        var (began, start) = (time.GetUtcNow(), time.GetTimestamp());
        var steps = ImmutableArray.CreateBuilder<DrillStep>();
        var applied = (await agent.StatusAsync(cancellation)).Applied;
        var before = RulesetImage.Of(await agent.RulesetAsync(cancellation));
        var model = applied?.Model ?? new RuleModel { Floor = new SafetyFloor(22, []) };
        var report = await agent.ApplyAsync(
            new ApplyOrder(Harmless(model), applied?.LongestOpening ?? TimeSpan.FromHours(1)) { ConfirmWithin = ModelRules.ShortestConfirmation }, cancellation);
        var changed = RulesetImage.Of(await agent.RulesetAsync(cancellation)) != before;
        Step("a harmless change is made", changed, changed ? $"change {report.Change}" : "the packet filter looks as before");

        var limit = report.Deadline!.Value + Tolerance;
        var back = false;
        // Looks on for a while, to tell late from never.
        while (changed && !back && time.GetUtcNow() < limit + ModelRules.ShortestConfirmation)
        {
            await Task.Delay(Glance, time, cancellation);
            back = RulesetImage.Of(await agent.RulesetAsync(cancellation)) == before;
        }

        var late = time.GetUtcNow() - report.Deadline.Value;
        Step(
            "nobody confirms, and the rules are as they were within 2 s of the deadline", back && late <= Tolerance,
            back ? string.Create(CultureInfo.InvariantCulture, $"{late.TotalSeconds:0.0} s after it") : "they are not");
        // The watchdog restores first and reports then; the agent hears of it in between.
        var pending = (await agent.StatusAsync(cancellation)).Pending;
        for (var told = time.GetTimestamp(); pending is not null && time.GetElapsedTime(told) < Report; pending = (await agent.StatusAsync(cancellation)).Pending)
            await Task.Delay(Glance, time, cancellation);
        Step("no change waits any more", pending is null, pending is null ? "none" : $"change {pending.Id}");
        return new DrillDocument("revert", steps.All(static step => step.Passed), began, time.GetElapsedTime(start).TotalSeconds, steps.ToImmutable());

        void Step(string text, bool passed, string detail) => steps.Add(new DrillStep(text, passed, time.GetElapsedTime(start).TotalSeconds, detail));
    }

    private static RuleModel Harmless(RuleModel model)
    {
        var port = Enumerable.Range(1, PortSet.MaxPort).Reverse().First(port => !model.Doors.Any(door => door.Protocol == PortProtocol.Sctp && door.First <= port && port <= door.Last));
        return model with { Doors = model.Doors.Add(new Door("drill", PortProtocol.Sctp, port, port, [new AccessGrant([Nobody], [], "nobody")])), Openings = [] };
    }
}
