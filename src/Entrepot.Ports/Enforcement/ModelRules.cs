using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>What the agent demands of orders, whoever sends them: it is the one with the privilege.</summary>
public static class ModelRules
{
    /// <summary>Most doors: one for each port of a protocol.</summary>
    public const int MaxDoors = 65_535;

    /// <summary>Most networks and Ethernet addresses of all ways in together.</summary>
    public const int MaxSources = 100_000;

    /// <summary>Most openings at once.</summary>
    public const int MaxOpenings = 1_000;

    /// <summary>Longest reason in characters.</summary>
    public const int MaxReason = 200;

    /// <summary>The shortest and longest time to confirm a change.</summary>
    public static readonly TimeSpan ShortestConfirmation = TimeSpan.FromSeconds(5), LongestConfirmation = TimeSpan.FromHours(1);

    /// <summary>Refuses an order that is not well formed, all reasons at once.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>.</exception>
    public static void Check(ApplyOrder order)
    {
        var model = order.Model;
        var problems = new List<string>();
        Expect(model.Doors.Length <= MaxDoors, $"at most {MaxDoors} doors");
        Expect(model.Doors.Sum(static door => door.Ways.Sum(static way => (long)way.Networks.Length + way.Macs.Length)) <= MaxSources, $"at most {MaxSources} sources");
        Expect(IsPort(model.Floor.ManagementPort), "a management port of 1–65535");
        Expect(Enum.IsDefined(model.Undeclared), "a known rule for undeclared ports");
        Expect(order.ConfirmWithin is not { } within || (within >= ShortestConfirmation && within <= LongestConfirmation), "5 s to 1 h to confirm");
        Expect(order.LongestOpening > TimeSpan.Zero, "a longest opening above zero");
        foreach (var door in model.Doors.Take(MaxDoors))
        {
            var name = $"door '{Printable(door.Service)}'";
            Expect(door.Service.Length is > 0 and <= 63, $"{name}: a name of 1–63 characters");
            Expect(Enum.IsDefined(door.Protocol), $"{name}: a known protocol");
            Expect(IsPort(door.First) && IsPort(door.Last) && door.First <= door.Last, $"{name}: ports of 1–65535 in order");
            Expect(door.Ways.All(static way => !way.Networks.IsEmpty || !way.Macs.IsEmpty), $"{name}: an address in every way in");
            Expect(door.Ways.All(static way => way.Macs.All(static mac => mac.Value is >= 0 and < 1L << 48)), $"{name}: Ethernet addresses of 48 bits");
            Expect(door.Rate is not { } rate || (rate.Count is >= 1 and <= 1_000_000 && rate.Per > TimeSpan.Zero), $"{name}: a rate of 1–1,000,000");
            Expect(door.ConnectionsPerSource is null or (>= 1 and <= 1_000_000), $"{name}: 1–1,000,000 connections per source");
            Expect(door.Connections is null or (>= 1 and <= 10_000_000), $"{name}: 1–10,000,000 connections");
        }

        foreach (var (before, door) in model.Doors.OrderBy(static door => (door.Protocol, door.First)).Zip(model.Doors.OrderBy(static door => (door.Protocol, door.First)).Skip(1)))
            Expect(before.Protocol != door.Protocol || before.Last < door.First, string.Create(
                CultureInfo.InvariantCulture, $"one door for {door.Protocol.Name()}/{door.First}, not two"));
        if (problems.Count > 0)
            throw Malformed(problems);

        void Expect(bool holds, string what)
        {
            if (!holds && problems.Count < 20)
                problems.Add(what);
        }
    }

    /// <summary>Refuses an opening that is not well formed or longer than the policy allows.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>, <see cref="FirewallFault.OpeningTooLong"/>.</exception>
    public static void Check(OpenOrder order, TimeSpan longest)
    {
        var problems = new List<string>();
        if (!Enum.IsDefined(order.Protocol) || !IsPort(order.Port))
            problems.Add("a port of 1–65535");
        if (order.From is null && order.Mac is null)
            problems.Add("addresses, an Ethernet address, or both");
        if (order.Mac is { Value: < 0 or >= 1L << 48 })
            problems.Add("an Ethernet address of 48 bits");
        if (!IsReason(order.Reason))
            problems.Add($"a reason of 1–{MaxReason} characters");
        if (order.For < TimeSpan.FromSeconds(1))
            problems.Add("a second at least");
        if (problems.Count > 0)
            throw Malformed(problems);
        if (order.For > longest)
            throw Fault.Of(
                FirewallFault.OpeningTooLong, FaultKind.Forbidden,
                $"An opening of {Text(order.For)} is longer than the {Text(longest)} that the policy allows.",
                "Ask for less, or declare the way in in the portfile (policy.longestOpening is the limit).").ToException();
    }

    /// <summary>Refuses a block that is not well formed.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>.</exception>
    public static void Check(BlockOrder order)
    {
        if (!Enum.IsDefined(order.Protocol) || !IsPort(order.Port) || !IsReason(order.Reason))
            throw Malformed(["a port of 1–65535", $"a reason of 1–{MaxReason} characters"]);
    }

    /// <summary>Refuses an order to follow that is not well formed.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>.</exception>
    public static void Check(FollowOrder order)
    {
        if (!Enum.IsDefined(order.Protocol) || !NodeName.TryParse(order.Service, out _, out _) || order.Ports.IsDefault || order.Ports.Length is 0 or > 4
            || !order.Ports.All(IsPort))
            throw Malformed(["a service's name", "1–4 ports of 1–65535"]);
    }

    /// <summary>Refuses a drill's result that is not well formed.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>.</exception>
    public static void Check(DrillNote note)
    {
        if (note.Drill.Length is 0 or > 32 || note.Detail.Length > 2000 || note.Drill.Concat(note.Detail).Any(char.IsControl) || !double.IsFinite(note.Seconds))
            throw Malformed(["a drill's name of 1–32 characters", "a detail of up to 2,000"]);
    }

    /// <summary>A span for people: <c>1 h 30 min</c>.</summary>
    internal static string Text(TimeSpan span)
    {
        var parts = new List<string>();
        if (span.TotalHours >= 1)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h"));
        if (span.Minutes > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min"));
        if (span.Seconds > 0 || parts.Count == 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{span.Seconds} s"));
        return string.Join(' ', parts);
    }

    private static bool IsPort(int port) => port is >= 1 and <= PortSet.MaxPort;

    private static bool IsReason(string reason) => reason.Trim().Length is > 0 and <= MaxReason && !reason.Any(char.IsControl);

    private static string Printable(string text) => new([.. text.Take(63).Where(static c => !char.IsControl(c))]);

    private static FaultException Malformed(IEnumerable<string> problems) => Fault.Of(
        FirewallFault.Malformed, FaultKind.Invalid, $"The order needs {string.Join("; ", problems)}.", "Mend the order.").ToException();
}
