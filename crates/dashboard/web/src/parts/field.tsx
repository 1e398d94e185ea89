// Fields of forms: a label, what helps, what is wrong, tied together for those who listen.
import { ChevronDown, Eye, EyeOff, Search } from 'lucide-react';
import { type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, useId, useState } from 'react';
import { useWords } from '../words/words.tsx';
import { cx } from './class.ts';

const box =
  'w-full rounded-md border border-field/70 bg-surface text-ink placeholder:text-ink-3 transition-colors hover:border-field focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent/60 aria-invalid:border-bad disabled:opacity-60';

interface FieldProps {
  label: ReactNode;
  help?: ReactNode;
  error?: string | undefined;
  /** The label is for those who listen only. */
  quiet?: boolean;
  optional?: boolean;
  className?: string;
  children: (ids: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': true | undefined;
  }) => ReactNode;
}

export function Field({ label, help, error, quiet, optional, className, children }: FieldProps) {
  const id = useId();
  const words = useWords();
  const described = cx(help ? `${id}-help` : '', error ? `${id}-error` : '') || undefined;
  return (
    <div className={className}>
      <label
        htmlFor={id}
        className={quiet ? 'sr-only' : 'mb-1 flex items-baseline justify-between gap-2 text-sm font-medium text-ink'}
      >
        <span>{label}</span>
        {optional ? <span className="text-xs font-normal text-ink-3">{words.form.optional}</span> : null}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined })}
      {help ? (
        <p id={`${id}-help`} className="mt-1 text-xs text-ink-3">
          {help}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-error`} className="mt-1 text-xs font-medium text-bad">
          {error}
        </p>
      ) : null}
    </div>
  );
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> &
  Omit<FieldProps, 'children'> & {
    value: string;
    onChange: (value: string) => void;
    mono?: boolean;
    ref?: Ref<HTMLInputElement>;
  };

export function TextField(props: InputProps) {
  const { label, help, error, quiet, optional, className, value, onChange, mono, ...rest } = props;
  return (
    <Field
      label={label}
      help={help}
      error={error}
      quiet={quiet ?? false}
      optional={optional ?? false}
      className={className ?? ''}
    >
      {(ids) => (
        <input
          {...rest}
          {...ids}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={cx(box, 'h-8 px-2.5 text-sm', mono && 'font-mono text-xs')}
        />
      )}
    </Field>
  );
}

export function PasswordField(props: InputProps) {
  const words = useWords();
  const [shown, show] = useState(false);
  const { label, help, error, quiet, optional, className, value, onChange, mono: _, ...rest } = props;
  return (
    <Field
      label={label}
      help={help}
      error={error}
      quiet={quiet ?? false}
      optional={optional ?? false}
      className={className ?? ''}
    >
      {(ids) => (
        <div className="relative">
          <input
            {...rest}
            {...ids}
            type={shown ? 'text' : 'password'}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            className={cx(box, 'h-8 pr-9 pl-2.5 text-sm')}
          />
          <button
            type="button"
            aria-pressed={shown}
            aria-label={words.form.showPassword}
            title={words.form.showPassword}
            onClick={() => show(!shown)}
            className="absolute inset-y-0 right-0 flex w-8 items-center justify-center rounded-md text-ink-3 hover:text-ink"
          >
            {shown ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
          </button>
        </div>
      )}
    </Field>
  );
}

type AreaProps = Omit<FieldProps, 'children'> & {
  value: string;
  onChange: (value: string) => void;
  rows?: number;
  placeholder?: string;
  mono?: boolean;
};

export function AreaField({ value, onChange, rows = 3, placeholder, mono, ...field }: AreaProps) {
  return (
    <Field {...field}>
      {(ids) => (
        <textarea
          {...ids}
          rows={rows}
          spellCheck={false}
          placeholder={placeholder}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={cx(box, 'block resize-y px-2.5 py-1.5 text-sm', mono && 'font-mono text-xs leading-5')}
        />
      )}
    </Field>
  );
}

type SelectProps = Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange' | 'value'> &
  Omit<FieldProps, 'children'> & {
    value: string;
    onChange: (value: string) => void;
    options: { value: string; label: string }[];
    small?: boolean;
  };

export function SelectField(props: SelectProps) {
  const { label, help, error, quiet, optional, className, value, onChange, options, small, ...rest } = props;
  return (
    <Field
      label={label}
      help={help}
      error={error}
      quiet={quiet ?? false}
      optional={optional ?? false}
      className={className ?? ''}
    >
      {(ids) => (
        <div className="relative">
          <select
            {...rest}
            {...ids}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            className={cx(box, 'appearance-none pr-7 pl-2.5', small ? 'h-7 text-xs' : 'h-8 text-sm')}
          >
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
          <ChevronDown
            size={14}
            aria-hidden
            className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2 text-ink-3"
          />
        </div>
      )}
    </Field>
  );
}

export function SearchField(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}) {
  return (
    <Field label={props.label} quiet className={props.className ?? ''}>
      {(ids) => (
        <div className="relative">
          <Search
            size={14}
            aria-hidden
            className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-ink-3"
          />
          <input
            {...ids}
            type="search"
            value={props.value}
            placeholder={props.label}
            onChange={(event) => props.onChange(event.target.value)}
            className={cx(box, 'h-8 pr-2 pl-8 text-sm')}
          />
        </div>
      )}
    </Field>
  );
}

export function Check(props: {
  label: ReactNode;
  help?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  error?: string | undefined;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div>
      <div className="flex items-start gap-2">
        <input
          id={id}
          type="checkbox"
          checked={props.checked}
          disabled={props.disabled}
          aria-describedby={cx(props.help ? `${id}-help` : '', props.error ? `${id}-error` : '') || undefined}
          aria-invalid={props.error ? true : undefined}
          onChange={(event) => props.onChange(event.target.checked)}
          className="mt-0.5 size-4 shrink-0 accent-accent"
        />
        <label htmlFor={id} className="text-sm text-ink">
          {props.label}
        </label>
      </div>
      {props.help ? (
        <p id={`${id}-help`} className="mt-0.5 pl-6 text-xs text-ink-3">
          {props.help}
        </p>
      ) : null}
      {props.error ? (
        <p id={`${id}-error`} className="mt-0.5 pl-6 text-xs font-medium text-bad">
          {props.error}
        </p>
      ) : null}
    </div>
  );
}

/** One of several, each with a sentence that says what it means. */
export function Choices<V extends string>(props: {
  label: string;
  quiet?: boolean;
  value: V;
  onChange: (value: V) => void;
  options: { value: V; label: string; help?: ReactNode; aside?: ReactNode; disabled?: boolean }[];
  columns?: boolean;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend className={props.quiet ? 'sr-only' : 'mb-1.5 text-sm font-medium text-ink'}>{props.label}</legend>
      <div className={cx('grid gap-2', props.columns && 'sm:grid-cols-2')}>
        {props.options.map((option) => (
          <label
            key={option.value}
            className={cx(
              'flex gap-2.5 rounded-lg border px-3 py-2 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent',
              props.value === option.value ? 'border-accent bg-accent-soft' : 'border-line-strong hover:bg-hover',
              option.disabled && 'opacity-50',
            )}
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={props.value === option.value}
              disabled={option.disabled}
              onChange={() => props.onChange(option.value)}
              className="mt-0.5 size-4 shrink-0 accent-accent focus-visible:outline-none"
            />
            <span className="min-w-0 flex-1">
              <span className="flex items-baseline justify-between gap-2">
                <span className="text-sm font-medium text-ink">{option.label}</span>
                {option.aside}
              </span>
              {option.help ? <span className="mt-0.5 block text-xs text-ink-2">{option.help}</span> : null}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A few values of which one holds, side by side. */
export function Segments<V extends string>(props: {
  label: string;
  value: V;
  onChange: (value: V) => void;
  options: { value: V; label: string; tone?: 'test' | 'live' }[];
}) {
  const name = useId();
  return (
    <fieldset className="inline-flex h-8 shrink-0 items-center rounded-md border border-line-strong bg-sunken p-0.5">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map((option) => {
        const on = props.value === option.value;
        return (
          <label
            key={option.value}
            className={cx(
              'relative flex h-full cursor-pointer items-center gap-1.5 rounded-[0.3rem] px-2.5 text-xs font-medium transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent',
              on ? 'bg-chosen text-ink shadow-card ring-1 ring-line-strong' : 'text-ink-2 hover:text-ink',
            )}
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={on}
              onChange={() => props.onChange(option.value)}
              className="absolute inset-0 cursor-pointer opacity-0"
            />
            {option.tone ? (
              <span
                aria-hidden
                className={cx(
                  'size-1.5 rounded-full',
                  on ? (option.tone === 'test' ? 'bg-[var(--series-refused)]' : 'bg-ok') : 'bg-line-strong',
                )}
              />
            ) : null}
            {option.label}
          </label>
        );
      })}
    </fieldset>
  );
}
