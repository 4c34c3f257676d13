namespace Entrepot.Server.Configuration.Yaml;

/// <summary>A node of a settings file that remembers where it stands.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal abstract record ConfigNode(int Line, int Column)
{
    /// <summary>What it is, for errors.</summary>
    public abstract string Describe { get; }
}

/// <summary>One value.</summary>
internal sealed record ConfigScalar(int Line, int Column, string Value, bool IsPlain) : ConfigNode(Line, Column)
{
    /// <summary>True for nothing, <c>~</c> and <c>null</c> (YAML 1.2 core schema).</summary>
    public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";

    public override string Describe => IsNull ? "nothing" : $"'{(Value.Length > 60 ? Value[..60] + "…" : Value)}'";
}

/// <summary>A list.</summary>
internal sealed record ConfigList(int Line, int Column, IReadOnlyList<ConfigNode> Items) : ConfigNode(Line, Column)
{
    public override string Describe => "a list";
}

/// <summary>Keys and values, in the file's order; a key may be there twice.</summary>
internal sealed record ConfigMap(int Line, int Column, IReadOnlyList<ConfigEntry> Entries) : ConfigNode(Line, Column)
{
    public override string Describe => "a group of keys";
}

/// <summary>One key with its value.</summary>
internal sealed record ConfigEntry(ConfigScalar Key, ConfigNode Value);
