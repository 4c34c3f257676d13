using System.Text;

namespace Entrepot.Server.Configuration;

/// <summary>Writes settings as the YAML that <see cref="SettingsReader"/> reads back.</summary>
public static class SettingsWriter
{
    /// <summary>Every setting with its value. Those that are not in <paramref name="given"/> are marked as defaults.</summary>
    public static string Write(Settings settings, IReadOnlySet<string> given)
    {
        var text = new StringBuilder();
        string[] open = [];
        foreach (var setting in SettingsSchema.All)
        {
            var parts = setting.Path.Split('.');
            var groups = parts[..^1];
            var shared = groups.Zip(open).TakeWhile(static pair => pair.First == pair.Second).Count();
            for (var level = shared; level < groups.Length; level++)
                text.Append(' ', level * 2).Append(groups[level]).Append(":\n");
            open = groups;
            text.Append(' ', groups.Length * 2).Append(parts[^1]).Append(": ").Append(setting.Write(settings));
            if (!given.Contains(setting.Path))
                text.Append("  # default");
            text.Append('\n');
        }

        return text.ToString();
    }
}
