using System.CommandLine;
using System.Net;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Server.Agent;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports open</c>, <c>openings</c> and <c>close</c>.</summary>
internal static class PortsOpenCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var port = new Argument<int>("port") { Description = "A port, 1–65535" };
        var from = new Option<string?>("--from") { Description = "For this address or network", HelpName = "ADDRESS|CIDR" };
        var mac = new Option<string?>("--mac") { Description = "For this Ethernet address, which only neighbours on the link show; with --from both must be true", HelpName = "MAC" };
        var time = new Option<string>("--for") { Description = "How long, such as 30m; the portfile's policy.longestOpening is the limit", HelpName = "TIME", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why, for the journal", HelpName = "TEXT", Required = true };
        var protocol = new Option<string>("--protocol") { Description = "tcp, udp or sctp [default: tcp]", HelpName = "NAME", DefaultValueFactory = static _ => "tcp" };
        var socket = AgentOptions.Socket();
        var command = new ExampleCommand(
            "open", "Let somebody in to a port for a time; the kernel closes it and cuts the connections, also when the agent is gone",
            ("entrepot ports open 54321 --from 10.0.0.7 --for 30m --reason 'ticket 4711'", "One address for half an hour"),
            ("entrepot ports open 54321 --mac 00:16:3e:00:00:01 --for 2h --reason 'laptop of the auditor'", "One machine on the link, whatever its address"))
        {
            port, from, mac, time, reason, protocol, socket,
        };
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (context.Get(from) is null && context.Get(mac) is null)
                throw Usage("It is not said who is let in.", "Say --from ADDRESS, --from CIDR or --mac MAC.");
            var order = new OpenOrder(
                PortProtocols.TryParse(context.Get(protocol), out var transport) ? transport : throw Usage($"'{context.Get(protocol)}' is not a protocol.", "Use tcp, udp or sctp."),
                context.Get(port), ParseFrom(context.Get(from)), ParseMac(context.Get(mac)),
                Duration.TryParse(context.Get(time)!, out var span) ? span : throw Usage($"'{context.Get(time)}' is not a time.", "Write a number with a unit, such as 30m or 2h."),
                context.Get(reason)!);
            using var agent = new AgentClient(context.SocketPath(socket));
            var opening = await agent.OpenAsync(order, cancellation);
            context.Write(opening, EnforcementJson.Default.Opening, found => context.Say(
                $"Opening {Units.Number(found.Id)}: {Name(found)} lets {Who(found)} in until {Units.Time(found.Ends)}."));
            return ExitCodes.Done;
        });
    }

    public static Command CreateList(CliEnvironment environment, CommonOptions common)
    {
        var socket = AgentOptions.Socket();
        return new ExampleCommand("openings", "List the openings and the time they have left", ("entrepot ports openings", "Who is let in for a time, and why")) { socket }
            .Runs(environment, common, async (context, cancellation) =>
            {
                using var agent = new AgentClient(context.SocketPath(socket));
                var openings = await agent.OpeningsAsync(cancellation);
                context.Write(openings, EnforcementJson.Default.IReadOnlyListOpenDoor, found => Tables.Write(
                    context,
                    [new("id", true), "port", "for", "time left", "ends", "by", "reason"],
                    [.. found.Select(static door => (string[])
                    [
                        Units.Number(door.Opening.Id), Name(door.Opening), Who(door.Opening), Duration.Format(TimeSpan.FromSeconds(Math.Ceiling(door.Left.TotalSeconds))),
                        Units.Time(door.Opening.Ends), door.Opening.Actor, door.Opening.Reason,
                    ])],
                    "Nothing is open for a time."));
                return ExitCodes.Done;
            });
    }

    public static Command CreateClose(CliEnvironment environment, CommonOptions common)
    {
        var id = new Argument<long>("id") { Description = "Number of the opening" };
        var socket = AgentOptions.Socket();
        return new ExampleCommand("close", "Close an opening before its time and cut its connections", ("entrepot ports close 3", "Opening 3 is not needed any more")) { id, socket }
            .Runs(environment, common, async (context, cancellation) =>
            {
                using var agent = new AgentClient(context.SocketPath(socket));
                var opening = await agent.CloseAsync(context.Get(id), cancellation);
                context.Write(opening, EnforcementJson.Default.Opening, found => context.Say($"Opening {Units.Number(found.Id)} of {Name(found)} is closed, and its connections are cut."));
                return ExitCodes.Done;
            });
    }

    private static string Name(Opening opening) => $"{opening.Protocol.Name()}/{Units.Number(opening.Port)}";

    private static string Who(Opening opening) => opening switch
    {
        { From: { } from, Mac: { } mac } => $"{mac} at {from}",
        _ => opening.From?.ToString() ?? opening.Mac?.ToString() ?? "",
    };

    private static IPNetwork? ParseFrom(string? text) => text is null
        ? null
        : IPAddress.TryParse(text, out var address)
            ? new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)
            : IPNetwork.TryParse(text, out var network) ? network : throw Usage($"'{text}' is neither an address nor a network.", "Write 10.0.0.7 or 10.0.0.0/24.");

    private static MacAddress? ParseMac(string? text) => text is null
        ? null
        : MacAddress.TryParse(text, out var mac) ? mac : throw Usage($"'{text}' is not an Ethernet address.", "Write six bytes, such as 00:16:3e:00:00:01.");

    private static FaultException Usage(string message, string cure) => Fault.Of(CliFault.Usage, FaultKind.Invalid, message, cure).ToException();
}
