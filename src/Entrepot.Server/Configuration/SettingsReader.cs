using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration.Yaml;

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
        if (Directory.Exists(path))
            throw Fault.Of(SettingsFault.Unreadable, FaultKind.Invalid, $"'{path}' is a folder.", "Name the settings file in it.").ToException();
        string text;
        try
        {
            var bytes = File.ReadAllBytes(path);
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException error)
        {
            throw Fault.Of(SettingsFault.Unreadable, FaultKind.Invalid, $"'{path}' is not UTF-8: byte {error.Index} belongs to no character.", "Save the file as UTF-8.").ToException(error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Fault.Of(SettingsFault.Unreadable, FaultKind.NotFound, $"there is no file '{path}'.", "Check the path; samples/ holds files to start from.").ToException(error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(SettingsFault.Unreadable, FaultKind.Unavailable, $"'{path}' can't be read: {error.Message}", "Check its permissions.").ToException(error);
        }

        var result = Read(text, path);
        if (result.Settings is not { } settings || !result.Given.Contains("data"))
            return result;
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return result with { Settings = settings with { DataFolder = Path.GetFullPath(settings.DataFolder, folder) } };
    }

    /// <summary>Reads the text of a settings file.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="file">How errors name the file.</param>
    public static SettingsResult Read(string text, string file)
    {
        var given = new Dictionary<string, ConfigNode>(StringComparer.Ordinal);
        var root = ConfigTree.Parse(text, file, out var broken);
        if (root is null)
            return new SettingsResult(null, [broken!], new HashSet<string>());

        var errors = new SettingsErrors(file);
        var settings = Settings.Default;
        Walk(root, Root, "", errors, given, ref settings);
        if (!errors.Any)
            SettingsRules.Check(settings, given, errors);
        return new SettingsResult(errors.Any ? null : settings, errors.InOrder, given.Keys.ToHashSet(StringComparer.Ordinal));
    }

    private static void Walk(ConfigNode node, Group group, string path, SettingsErrors errors, Dictionary<string, ConfigNode> given, ref Settings settings)
    {
        if (node is ConfigScalar { IsNull: true })
            return;  // A group whose settings are all commented out.
        if (node is not ConfigMap map)
        {
            errors.Add(node, $"{(path.Length == 0 ? "the file" : path)} is {node.Describe}; expected the keys {string.Join(", ", group.Keys)}");
            return;
        }

        foreach (var (key, entry) in ConfigKeys.Distinct(map, group.Keys, path, errors))
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
