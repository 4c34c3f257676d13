namespace Entrepot.Core.Documents;

/// <summary>A node of a settings file that remembers where it stands.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
public abstract record DocumentNode(int Line, int Column)
{
    /// <summary>What it is, for errors.</summary>
    public abstract string Describe { get; }
}

/// <summary>One value.</summary>
public sealed record DocumentScalar(int Line, int Column, string Value, bool IsPlain) : DocumentNode(Line, Column)
{
    /// <summary>True for nothing, <c>~</c> and <c>null</c> (YAML 1.2 core schema).</summary>
    public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";

    /// <inheritdoc/>
    public override string Describe => IsNull ? "nothing" : $"'{(Value.Length > 60 ? Value[..60] + "…" : Value)}'";
}

/// <summary>A list.</summary>
public sealed record DocumentList(int Line, int Column, IReadOnlyList<DocumentNode> Items) : DocumentNode(Line, Column)
{
    /// <inheritdoc/>
    public override string Describe => "a list";
}

/// <summary>Keys and values, in the file's order; a key may be there twice.</summary>
public sealed record DocumentMap(int Line, int Column, IReadOnlyList<DocumentEntry> Entries) : DocumentNode(Line, Column)
{
    /// <inheritdoc/>
    public override string Describe => "a group of keys";
}

/// <summary>One key with its value.</summary>
public sealed record DocumentEntry(DocumentScalar Key, DocumentNode Value);
