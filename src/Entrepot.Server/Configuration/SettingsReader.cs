using Entrepot.Core.Faults;
using Entrepot.Core.Documents;

namespace Entrepot.Server.Configuration;

/// <summary>Reads a settings file. Nothing is taken from a file that holds an error; all its errors are told at once.</summary>
public static class SettingsReader
{
    private static readonly Group Root = Group.Of(SettingsSchema.All);

    /// <summary>Reads a file from disk. Relative folders in it are taken from its own folder.</summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <exception cref="FaultException"><see cref="SettingsFault.Unreadable"/>.</exception>
    public static SettingsResult ReadFile(string path)
    {
        var result = Read(DocumentFile.ReadText(path, SettingsFault.Unreadable, "settings file"), path);
        if (result.Settings is not { } settings)
            return result;
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (result.Given.Contains("data"))
            settings = settings with { DataFolder = Path.GetFullPath(settings.DataFolder, folder) };
        if (settings.Portfile is { } portfile)
            settings = settings with { Portfile = Path.GetFullPath(portfile, folder) };
        if (settings.AgentSocket is { } socket)
            settings = settings with { AgentSocket = Path.GetFullPath(socket, folder) };
        if (settings.SealingKey is { } key)
            settings = settings with { SealingKey = Path.GetFullPath(key, folder) };
        if (settings.OpenIdConnect.ClientSecretFile is { } secret)
            settings = settings with { OpenIdConnect = settings.OpenIdConnect with { ClientSecretFile = Path.GetFullPath(secret, folder) } };
        settings = settings with
        {
            Tls = settings.Tls.From(folder),
            Edges = settings.Edges with { Tls = settings.Edges.Tls.From(folder) },
            Push = settings.Push with { Tls = settings.Push.Tls.From(folder) },
            Metadata = settings.Metadata with { Tls = settings.Metadata.Tls.From(folder) },
            Admin = settings.Admin with { Tls = settings.Admin.Tls.From(folder) },
            Scheduler = settings.Scheduler with { Tls = settings.Scheduler.Tls.From(folder) },
        };
        return result with { Settings = settings };
    }

    /// <summary>Reads the text of a settings file.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="file">How errors name the file.</param>
    public static SettingsResult Read(string text, string file)
    {
        var given = new Dictionary<string, DocumentNode>(StringComparer.Ordinal);
        var root = DocumentTree.Parse(text, file, out var broken);
        if (root is null)
            return new SettingsResult(null, [broken!], new HashSet<string>());

        var errors = new DocumentErrors(file);
        var settings = Settings.Default;
        Walk(root, Root, "", errors, given, ref settings);
        if (!errors.Any)
            SettingsRules.Check(settings, given, errors);
        return new SettingsResult(errors.Any ? null : settings, errors.InOrder, given.Keys.ToHashSet(StringComparer.Ordinal));
    }

    private static void Walk(DocumentNode node, Group group, string path, DocumentErrors errors, Dictionary<string, DocumentNode> given, ref Settings settings)
    {
        if (node is DocumentScalar { IsNull: true })
            return;  // A group whose settings are all commented out.
        if (node is not DocumentMap map)
        {
            errors.Add(node, $"{(path.Length == 0 ? "the file" : path)} is {node.Describe}; expected the keys {string.Join(", ", group.Keys)}");
            return;
        }

        foreach (var (key, entry) in DocumentKeys.Distinct(map, group.Keys, path, errors))
        {
            var below = path.Length == 0 ? key : $"{path}.{key}";
            if (group.Groups.TryGetValue(key, out var inner))
            {
                Walk(entry.Value, inner, below, errors, given, ref settings);
                continue;
            }

            given[below] = entry.Value;
            settings = group.Settings[key].Read(entry.Value, settings, errors);
        }
    }

    /// <summary>The keys that may stand at one level of the file.</summary>
    private sealed record Group(IReadOnlyList<string> Keys, IReadOnlyDictionary<string, Setting> Settings, IReadOnlyDictionary<string, Group> Groups)
    {
        public static Group Of(IReadOnlyList<Setting> settings) => Of(settings, "");

        private static Group Of(IReadOnlyList<Setting> settings, string prefix)
        {
            var byKey = settings.ToLookup(setting => setting.Path[prefix.Length..].Split('.')[0]);
            return new Group(
                [.. byKey.Select(static key => key.Key)],
                settings.Where(setting => !setting.Path[prefix.Length..].Contains('.', StringComparison.Ordinal))
                    .ToDictionary(setting => setting.Path[prefix.Length..], StringComparer.Ordinal),
                byKey.Where(key => key.Any(setting => setting.Path.Length > prefix.Length + key.Key.Length))
                    .ToDictionary(static key => key.Key, key => Of([.. key], $"{prefix}{key.Key}."), StringComparer.Ordinal));
        }
    }
}
