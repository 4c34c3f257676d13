using System.Globalization;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;

namespace Entrepot.Cli.Diagnosis;

/// <summary>Checks of the machine: ports, clock, limits, programs.</summary>
internal static class HostChecks
{
    /// <summary>Clocks further apart than this make times in logs and journal hard to compare.</summary>
    public static readonly TimeSpan SmallSkew = TimeSpan.FromSeconds(2);

    /// <summary>Clocks further apart than this break expiries and, later, certificates.</summary>
    public static readonly TimeSpan LargeSkew = TimeSpan.FromMinutes(1);

    /// <summary>Descriptors that a node needs besides its connections: blobs, caches, the database, upstream connections.</summary>
    private const int OtherFiles = 2048;

    private static readonly string[] OptionalPrograms = ["curl", "aria2c", "wget"];

    /// <summary>Nobody else listens on the ports that the surfaces want.</summary>
    /// <param name="settings">Which ports.</param>
    /// <param name="listening">Who listens on this machine, with owners.</param>
    /// <param name="announced">What the node on the data folder has announced, or null.</param>
    /// <param name="answers">True when that node runs.</param>
    public static IEnumerable<Check> Ports(Settings settings, IReadOnlyList<ListeningSocket> listening, AnnouncedNetwork? announced, bool answers)
    {
        var running = answers ? announced : null;
        foreach (var (surface, port) in WantedPorts(settings, announced))
        {
            var name = $"port {Units.Number(port)}";
            if (running?.Surfaces.FirstOrDefault(s => s.Port == port) is { } ours)
            {
                yield return Check.Ok(name, $"{ours.Surface} listens there");
                continue;
            }

            var strangers = listening.Where(socket => socket.Listening && socket.Port == port && socket.Meets(settings.Bind)).Select(static socket => socket.Holder).Distinct().ToList();
            var moved = running?.Surfaces.FirstOrDefault(s => s.Surface == surface);
            yield return strangers.Count == 0
                ? Check.Ok(name, moved is null ? $"free for {surface}" : $"free; {surface} listens on {Units.Number(moved.Port)} until it is restarted")
                : Check.Warn(
                    name, $"{surface} wants it, but it is bound by {string.Join(" and ", strangers)}",
                    $"Stop that process, or set surfaces.{surface}.port to another; else {surface} moves to port {Units.Number(settings.EmergencyPort)} or into the pool.");
        }
    }

    /// <summary>No outgoing connection can take a port that a listener needs after a restart.</summary>
    /// <param name="settings">Which ports.</param>
    /// <param name="range">What the kernel gives to outgoing connections.</param>
    /// <param name="announced">What the node on the data folder has announced, or null.</param>
    public static Check Ephemeral(Settings settings, EphemeralRange range, AnnouncedNetwork? announced)
    {
        const string name = "ephemeral range";
        var ports = PortSet.Of(WantedPorts(settings, announced).Select(static wanted => wanted.Port).Append(settings.EmergencyPort))
            .Union(PortSet.Range(settings.Edges.Pool.First, settings.Edges.Pool.Last));
        var risk = range.AtRisk(ports);
        return risk.IsEmpty
            ? Check.Ok(name, Invariant($"{range.First}–{range.Last}; none of our ports lies in it unreserved"))
            : Check.Warn(name, Invariant($"outgoing connections may take {risk}, which lie in {range.First}–{range.Last}"), range.Cure(ports)!);
    }

    /// <summary>Every pool has the share free that should stay free.</summary>
    public static IEnumerable<Check> Pools(IReadOnlyList<PoolUsage> pools)
        => pools.Select(static pool => pool.RunningOut
            ? Check.Warn($"pool {pool.Pool}", $"{pool.Summary} Forecast: {pool.Forecast.Text}.", pool.Cure!)
            : Check.Ok($"pool {pool.Pool}", Invariant($"{pool.Free} of {pool.Size} {pool.Protocol} ports free")));

    /// <summary>The clock agrees with the node's.</summary>
    /// <param name="here">This machine's time.</param>
    /// <param name="server">The node's <c>Date</c>, whole seconds; null when none runs.</param>
    public static Check Clock(DateTimeOffset here, DateTimeOffset? server)
    {
        const string name = "clock";
        if (here.Year is < 2025 or > 2100)
            return Check.Fail(name, $"it is {Units.Time(here)} here", "Set the clock: chronyd or systemd-timesyncd keep it.");
        if (server is not { } other)
            return Check.Ok(name, $"{Units.Time(here)}; no node runs to compare with");
        var skew = (here - other).Duration();
        var text = Invariant($"{skew.TotalSeconds:0.#} s from the node's");
        return skew > LargeSkew ? Check.Fail(name, text, "Set both clocks: chronyd or systemd-timesyncd keep them.")
            : skew > SmallSkew ? Check.Warn(name, text, "Let chronyd or systemd-timesyncd keep both clocks.")
            : Check.Ok(name, $"less than {SmallSkew.TotalSeconds:0} s from the node's");
    }

    /// <summary>The process may open enough files for the connections that a listener is promised.</summary>
    public static Check OpenFiles(long? limit, Settings settings)
    {
        const string name = "open files";
        if (limit is not { } allowed)
            return Check.Ok(name, "no limit on this platform");
        if (allowed < OtherFiles)
            return Check.Fail(name, $"only {Units.Count(allowed)} allowed", "ulimit -n 65536, or LimitNOFILE=65536 in the unit file.");
        var promised = settings.Limits.Connections;
        var total = new ConnectionBudget(allowed).Total;
        return total >= promised
            ? Check.Ok(name, $"{Units.Count(allowed)} allowed: {Units.Count(total)} connections over all listeners, {Units.Count(promised)} at one")
            : Check.Warn(
                name, $"{Units.Count(allowed)} allowed: no more than {Units.Count(total)} connections fit, and limits.connections promises {Units.Count(promised)} a listener",
                $"ulimit -n {Units.Number((promised * 4L / 3) + OtherFiles)} (LimitNOFILE= in the unit file), or lower limits.connections.");
    }

    /// <summary>Programs that the printed commands use; a node needs none of them.</summary>
    /// <param name="path">The search path.</param>
    public static Check Programs(string? path)
    {
        const string name = "programs";
        var missing = OptionalPrograms.Where(program => !IsOnPath(path, program)).ToList();
        return missing.Count == 0
            ? Check.Ok(name, "curl, aria2c and wget are there")
            : Check.Warn(name, $"{string.Join(", ", missing)} not found; only the examples need them", $"apt-get install {string.Join(' ', missing).Replace("aria2c", "aria2", StringComparison.Ordinal)}");
    }

    /// <summary>The platform is one on which everything runs.</summary>
    public static Check Platform() => OperatingSystem.IsLinux()
        ? Check.Ok("platform", System.Runtime.InteropServices.RuntimeInformation.OSDescription)
        : Check.Warn("platform", System.Runtime.InteropServices.RuntimeInformation.OSDescription, "Linux is the production platform; here socket owners and file systems can't be told.");

    /// <summary>The fixed ports of the roles that run here. An edge has none: it is told so by its settings or by what it has announced.</summary>
    private static IEnumerable<(string Surface, int Port)> WantedPorts(Settings settings, AnnouncedNetwork? announced)
        => settings.Origin is not null || announced is { Surfaces.Count: > 0 } && announced.Surfaces.All(static surface => surface.Surface == "edge") ? [] : new[] { ("push", settings.Push), ("metadata", settings.Metadata), ("admin", settings.Admin), ("scheduler", settings.Scheduler) }
            .Where(static surface => surface.Item2 is { Enabled: true, Port: not 0 }).Select(static surface => (surface.Item1, surface.Item2.Port));

    private static bool IsOnPath(string? path, string program)
        => (path ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && (File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe"))));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
