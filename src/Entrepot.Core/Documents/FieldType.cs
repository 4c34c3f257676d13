namespace Entrepot.Core.Documents;

/// <summary>How one kind of value is read, named and written.</summary>
/// <typeparam name="T">What it becomes.</typeparam>
public abstract class FieldType<T>
{
    /// <summary>What is allowed, to follow "expected".</summary>
    public abstract string Expected { get; }

    /// <summary>Reads a node, or reports what is wrong with it.</summary>
    public abstract bool TryRead(DocumentNode node, string path, DocumentErrors errors, out T value);

    /// <summary>The YAML that <see cref="TryRead"/> reads back.</summary>
    public abstract string Write(T value);
}

/// <summary>A scalar, by its parser and its formatter.</summary>
public sealed class ScalarType<T>(string expected, ScalarType<T>.Parser parse, Func<T, string> write) : FieldType<T>
{
    /// <summary>Reads text; the hint may say more about what is wrong with it.</summary>
    public delegate bool Parser(string text, out T value, out string? hint);

    /// <inheritdoc/>
    public override string Expected => expected;

    /// <inheritdoc/>
    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out T value)
    {
        string? hint = null;
        if (node is DocumentScalar { IsNull: false } scalar && parse(scalar.Value.Trim(), out value, out hint))
            return true;
        value = default!;
        errors.Add(node, $"{path} is {node.Describe}; expected {Expected}{(hint is null ? "" : $"; {hint}")}");
        return false;
    }

    /// <inheritdoc/>
    public override string Write(T value) => write(value);
}

/// <summary>Another type's value, or <c>null</c> for none.</summary>
public sealed class OptionalType<TInner, T>(FieldType<TInner> inner, Func<TInner, T> wrap, Func<T, (bool Has, TInner Value)> unwrap) : FieldType<T?>
{
    /// <inheritdoc/>
    public override string Expected => inner.Expected + ", or null";

    /// <inheritdoc/>
    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out T? value)
    {
        value = default;
        if (node is DocumentScalar { IsNull: true })
            return true;
        if (!inner.TryRead(node, path, errors, out var read))
            return false;
        value = wrap(read);
        return true;
    }

    /// <inheritdoc/>
    public override string Write(T? value)
        => value is not null && unwrap(value) is (true, var held) ? inner.Write(held) : "null";
}
