using Entrepot.Server.Configuration.Yaml;

namespace Entrepot.Server.Configuration;

/// <summary>How one kind of value is read, named and written.</summary>
/// <typeparam name="T">What it becomes.</typeparam>
internal abstract class SettingType<T>
{
    /// <summary>What is allowed, to follow "expected".</summary>
    public abstract string Expected { get; }

    /// <summary>Reads a node, or reports what is wrong with it.</summary>
    public abstract bool TryRead(ConfigNode node, string path, SettingsErrors errors, out T value);

    /// <summary>The YAML that <see cref="TryRead"/> reads back.</summary>
    public abstract string Write(T value);
}

/// <summary>A scalar, by its parser and its formatter.</summary>
internal sealed class ScalarType<T>(string expected, ScalarType<T>.Parser parse, Func<T, string> write) : SettingType<T>
{
    /// <summary>Reads text; the hint may say more about what is wrong with it.</summary>
    public delegate bool Parser(string text, out T value, out string? hint);

    public override string Expected => expected;

    public override bool TryRead(ConfigNode node, string path, SettingsErrors errors, out T value)
    {
        string? hint = null;
        if (node is ConfigScalar { IsNull: false } scalar && parse(scalar.Value.Trim(), out value, out hint))
            return true;
        value = default!;
        errors.Add(node, $"{path} is {node.Describe}; expected {Expected}{(hint is null ? "" : $"; {hint}")}");
        return false;
    }

    public override string Write(T value) => write(value);
}

/// <summary>Another type's value, or <c>null</c> for none.</summary>
internal sealed class OptionalType<TInner, T>(SettingType<TInner> inner, Func<TInner, T> wrap, Func<T, (bool Has, TInner Value)> unwrap) : SettingType<T?>
{
    public override string Expected => inner.Expected + ", or null";

    public override bool TryRead(ConfigNode node, string path, SettingsErrors errors, out T? value)
    {
        value = default;
        if (node is ConfigScalar { IsNull: true })
            return true;
        if (!inner.TryRead(node, path, errors, out var read))
            return false;
        value = wrap(read);
        return true;
    }

    public override string Write(T? value)
        => value is not null && unwrap(value) is (true, var held) ? inner.Write(held) : "null";
}

/// <summary>The errors found so far.</summary>
internal sealed class SettingsErrors(string file)
{
    private readonly List<SettingsError> _errors = [];

    /// <summary>True when something was wrong.</summary>
    public bool Any => _errors.Count > 0;

    /// <summary>All of them in the file's order.</summary>
    public IReadOnlyList<SettingsError> InOrder => [.. _errors.OrderBy(static e => e.Line).ThenBy(static e => e.Column)];

    public void Add(ConfigNode at, string message) => _errors.Add(new SettingsError(file, at.Line, at.Column, message));

    public void Add(SettingsError error) => _errors.Add(error);
}
