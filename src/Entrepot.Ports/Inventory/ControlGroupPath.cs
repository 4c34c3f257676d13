namespace Entrepot.Ports.Inventory;

/// <summary>What the place of a process among the control groups says of it: its systemd unit, its container. Reads
/// <c>/proc/PID/cgroup</c> (cgroups(7)) by the conventions of systemd, Docker, Podman, containerd, CRI-O, Kubernetes and LXC. Pure.</summary>
/// <param name="Unit">The innermost systemd unit, or null.</param>
/// <param name="Container">The container, or null.</param>
internal sealed record ControlGroupPath(string? Unit, ContainerIdentity? Container)
{
    private const int MinIdLength = 32;
    private const int MaxIdLength = 64;

    /// <summary>Says nothing.</summary>
    public static ControlGroupPath None { get; } = new(null, null);

    private static readonly (string Prefix, string Runtime)[] Scopes =
    [
        ("docker-", "docker"), ("libpod-", "podman"), ("cri-containerd-", "kubernetes"), ("crio-", "kubernetes"),
        ("lxc.payload.", "lxc"), ("machine-lxc\\x2d", "lxc"),
    ];

    /// <summary>Reads the file's text.</summary>
    public static ControlGroupPath Parse(string? text)
    {
        foreach (var line in (text ?? "").Split('\n'))
        {
            // One line per hierarchy: id, controllers, path. Version 2 has no controllers; version 1 has systemd's own hierarchy.
            var parts = line.Split(':', 3);
            if (parts.Length == 3 && (parts[1] is "" or "name=systemd") && parts[2].StartsWith('/') && OfPath(parts[2]) is { } found && found != None)
                return found;
        }

        return None;
    }

    private static ControlGroupPath OfPath(string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var kubernetes = Array.Exists(segments, static segment => segment.StartsWith("kubepods", StringComparison.Ordinal));
        for (var index = segments.Length - 1; index >= 0; index--)
        {
            if (ContainerOf(segments[index], index > 0 ? segments[index - 1] : "", kubernetes) is { } container)
                return new ControlGroupPath(null, container);
        }

        var unit = Array.FindLast(segments, static segment => segment.EndsWith(".service", StringComparison.Ordinal))
            ?? Array.FindLast(segments, static segment => segment.EndsWith(".scope", StringComparison.Ordinal));
        return unit is null ? None : new ControlGroupPath(unit, null);
    }

    private static ContainerIdentity? ContainerOf(string segment, string parent, bool kubernetes)
    {
        var name = segment.EndsWith(".scope", StringComparison.Ordinal) ? segment[..^".scope".Length] : segment;
        foreach (var (prefix, runtime) in Scopes)
        {
            if (!name.StartsWith(prefix, StringComparison.Ordinal) || name.Length == prefix.Length)
                continue;
            var id = name[prefix.Length..];
            if (runtime == "lxc" || IsId(id))
                return new ContainerIdentity(kubernetes && runtime != "lxc" ? "kubernetes" : runtime, id);
        }

        if (!IsId(name))
            return null;
        return new ContainerIdentity(
            kubernetes ? "kubernetes" : parent switch { "docker" => "docker", "libpod_parent" or "libpod" => "podman", "lxc" => "lxc", _ => "container" }, name);
    }

    private static bool IsId(string text) => text.Length is >= MinIdLength and <= MaxIdLength && text.All(char.IsAsciiHexDigitLower);
}
