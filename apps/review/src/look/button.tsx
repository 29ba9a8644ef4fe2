import { UnstyledButton, type UnstyledButtonProps } from '@mantine/core';
import type { ComponentPropsWithRef } from 'react';
import classes from './button.module.css';

interface ButtonProps extends UnstyledButtonProps, Omit<ComponentPropsWithRef<'button'>, keyof UnstyledButtonProps> {
  /** `plain` on paper, `pencil` the one main action, `accept`/`reject` what they say */
  readonly look?: 'plain' | 'pencil' | 'accept' | 'reject' | 'ghost';
  /** only an icon inside: square, and needs an aria-label */
  readonly isIcon?: boolean;
}

/** The desk's one button. */
export function Button({ look = 'plain', isIcon = false, className, type = 'button', ...rest }: ButtonProps) {
  return (
    <UnstyledButton
      {...rest}
      type={type}
      className={`${classes.button} ${className ?? ''}`}
      data-look={look}
      data-icon={isIcon || undefined}
    />
  );
}
