using Entrepot.Core.Documents;
using Entrepot.Ports.Guard;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Configuration;

/// <summary>Rules that concern several settings at once.</summary>
internal static class SettingsRules
{
    private static readonly DocumentScalar Nowhere = new(1, 1, "", true);

    /// <summary>Reports every broken rule at the setting that the file states; a default alone breaks none.</summary>
    public static void Check(Settings settings, IReadOnlyDictionary<string, DocumentNode> given, DocumentErrors errors)
    {
        var ports = new Dictionary<int, string>();
        foreach (var (path, port) in FixedPorts(settings).OrderBy(pair => given.ContainsKey(pair.Path)))
        {
            if (port != 0 && !ports.TryAdd(port, path))
                errors.Add(At(given, path, ports[port]), $"{path} is {port}, and so is {ports[port]}; expected different ports");
        }

        if (settings.Edges.Count > settings.Edges.Pool.Count)
            errors.Add(
                At(given, "edges.pool", "edges.count"),
                $"edges.pool {settings.Edges.Pool} holds {settings.Edges.Pool.Count} ports for {settings.Edges.Count} edges; expected one for each");
        if (settings.Edges.Rotate is { } rotate)
        {
            foreach (var mistake in new RotationSchedule(rotate, settings.Edges.RotationOverlap).Mistakes())
                errors.Add(At(given, "edges.rotationOverlap", "edges.rotate"), $"edges.rotate: {mistake}");
            if (settings.Edges.Pool.Count < 2 * settings.Edges.Count)
                errors.Add(
                    At(given, "edges.rotate", "edges.pool"),
                    $"edges.rotate needs two ports for each of the {settings.Edges.Count} edges during the overlap; edges.pool {settings.Edges.Pool} holds {settings.Edges.Pool.Count}");
        }

        if (settings.Changes.Needs(ChangedDocument.Portfile) && settings.Portfile is null)
            errors.Add(At(given, "changes.require", "portfile"), "changes.require names the portfile, and the setting portfile names none; expected a file there");

        OpenIdConnectSchema.Check(settings, given, errors);
        if (settings.Scrub.DeepCycle < settings.Scrub.Cycle)
            errors.Add(
                At(given, "scrub.deepCycle", "scrub.cycle"),
                $"scrub.deepCycle {Duration.Format(settings.Scrub.DeepCycle)} is shorter than scrub.cycle {Duration.Format(settings.Scrub.Cycle)}; expected at least that");
    }

    private static IEnumerable<(string Path, int Port)> FixedPorts(Settings settings)
    {
        (string Name, SurfaceSettings Surface)[] surfaces =
            [("push", settings.Push), ("metadata", settings.Metadata), ("admin", settings.Admin), ("scheduler", settings.Scheduler), ("redirect", settings.Redirect)];
        return surfaces.Where(static s => s.Surface.Enabled).Select(static s => ($"surfaces.{s.Name}.port", s.Surface.Port))
            .Append(("emergencyPort", settings.EmergencyPort));
    }

    private static DocumentNode At(IReadOnlyDictionary<string, DocumentNode> given, string first, string second)
        => given.TryGetValue(first, out var node) || given.TryGetValue(second, out node) ? node : Nowhere;
}
