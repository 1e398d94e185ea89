// Dialogs: focus goes in, stays in, and comes back; Escape closes unless something would be lost.
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type FormEvent, type ReactNode, useRef } from 'react';
import { useWords } from '../words/words.tsx';
import { IconButton } from './button.tsx';
import { cx } from './class.ts';

interface Props {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
  size?: 'sm' | 'md' | 'lg' | 'xl';
  /** `side` slides in from the right and takes the whole height. */
  place?: 'middle' | 'side';
  /** Only a button in the dialog closes it. */
  insistent?: boolean;
  /** With it the dialog is a form. */
  onSubmit?: () => void;
  /** The part, as a selector, with which it begins; without, its first field or button. */
  first?: string | undefined;
}

/** What Tab reaches first in a part of the page. Of buttons of which one is chosen, that is the chosen one. */
function firstStop(part: HTMLElement): HTMLElement {
  const stops = part.querySelectorAll<HTMLElement>(
    'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, [tabindex="0"]',
  );
  const [first] = stops;
  if (!(first instanceof HTMLInputElement && first.type === 'radio')) return first ?? part;
  const chosen = [...stops].find((one) => one instanceof HTMLInputElement && one.name === first.name && one.checked);
  return chosen ?? first;
}

const widths = { sm: 'max-w-md', md: 'max-w-xl', lg: 'max-w-3xl', xl: 'max-w-5xl' };

export function Dialog(props: Props) {
  const { open, onClose, title, description, children, footer, size = 'sm', place = 'middle', insistent } = props;
  const words = useWords();
  const submit = props.onSubmit;
  const popup = useRef<HTMLDivElement>(null);
  const inner = (
    <>
      <header className="shrink-0 px-5 pt-4 pb-3 pr-14">
        <Base.Title className="text-lg font-semibold tracking-tight text-ink">{title}</Base.Title>
        {description ? (
          <Base.Description render={<div />} className="mt-1 text-sm text-ink-2">
            {description}
          </Base.Description>
        ) : null}
      </header>
      {children ? <div className="scroll-quiet min-h-0 flex-1 overflow-y-auto px-5 pt-1 pb-5">{children}</div> : null}
      {footer ? (
        <footer className="flex shrink-0 flex-wrap items-center justify-end gap-2 border-t border-line bg-canvas/60 px-5 py-3">
          {footer}
        </footer>
      ) : null}
      {insistent ? null : (
        <IconButton label={words.action.close} onClick={onClose} className="absolute top-3 right-3">
          <X size={16} aria-hidden />
        </IconButton>
      )}
    </>
  );
  const box = cx(
    'relative flex max-h-full w-full flex-col overflow-hidden border border-line bg-raised text-ink shadow-raised outline-none',
    place === 'side' ? 'sheet-box h-full sm:rounded-l-xl border-y-0 border-r-0' : 'dialog-box rounded-xl',
    widths[size],
  );
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={insistent ?? false}
      onOpenChange={(next, details) => {
        if (next) return;
        if (insistent && details.reason !== 'close-press') return;
        onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="dialog-veil fixed inset-0 z-40 bg-[var(--veil)]" />
        <Base.Viewport
          className={cx(
            'fixed inset-0 z-50 flex',
            place === 'side' ? 'justify-end' : 'items-center justify-center p-3 sm:p-6',
          )}
        >
          <Base.Popup
            ref={popup}
            className={box}
            initialFocus={(by) => {
              const part = popup.current;
              if (!part) return true;
              const wanted = props.first ? part.querySelector<HTMLElement>(props.first) : null;
              wanted?.scrollIntoView({ block: 'center' });
              // At once: by itself it would come a frame later, and keys that are typed until then would miss the dialog.
              (wanted || by !== 'touch' ? firstStop(wanted ?? part) : part).focus({ preventScroll: true });
              return false;
            }}
          >
            {submit ? (
              <form
                noValidate
                className="flex min-h-0 flex-1 flex-col"
                onSubmit={(event: FormEvent) => {
                  event.preventDefault();
                  event.stopPropagation();
                  submit();
                }}
              >
                {inner}
              </form>
            ) : (
              inner
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
